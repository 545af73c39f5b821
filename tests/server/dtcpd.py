#!/usr/bin/python3
"""The DTCP server of dtcp-up's tests. `--help` lists its options, misbehave.py
its switches; README.md of the tests has examples."""

import argparse
import os
import signal
import socket
import sys
import threading
import time

import protocol
import session
from misbehave import Switches


class Server:
    """What the connections share."""

    def __init__(self, options):
        self.switches = Switches()
        for assignment in options.set:
            self.switches.set(assignment)
        if options.no_tunnel:
            self.switches.set("tunnel=off")
        self.users = {name: (password, prefixes.split(","))
                      for name, password, prefixes in options.user}
        self.log_fd = 1
        if options.log:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self.log_fd = os.open(options.log, flags, 0o644)
        self.lock = threading.RLock()
        # Held until a far end is there, or gone: only then its addresses can have another.
        self.removal = threading.RLock()
        self.sessions = {}
        self.lost = {}    # user: when a session of his ended without `quit`
        self.logins = 0   # counts offers, for `prefixes`

    def log(self, number, event, detail=""):
        """A line: seconds, connection (0 is the server), event, detail."""
        line = f"{time.time():.6f} {number} {event} {detail}".rstrip() + "\n"
        os.write(self.log_fd, line.encode("utf-8", "backslashreplace"))

    def account(self, user):
        """(password, prefixes) of USER; None if there is no such user."""
        return self.users.get(user) or protocol.many_user(user)

    def password(self, user):
        """The password of USER, or None."""
        account = self.account(user)
        return account[0] if account else None

    def offer(self, user):
        """What a login of USER is offered; without USER, the last offer."""
        with self.lock:
            self.logins += 1 if user else 0
            count = max(self.logins, 1)
        account = self.account(user) if user else None
        prefixes = account[1] if account else []
        groups = self.switches.get("prefixes")
        if groups:
            groups = groups.split(";")
            prefixes = groups[(count - 1) % len(groups)].split(",")
        elif not user and self.users:
            prefixes = next(iter(self.users.values()))[1]
        host6 = self.switches.words("host6")
        return {
            "prefixes": prefixes,
            "links": self.switches.words("links"),
            "host6": host6 or protocol.default_host6((prefixes or [""])[0]),
            "trailing": self.switches.words("trailing"),
        }

    def held(self, user):
        """Whether a lost session still blocks USER."""
        hold = float(self.switches.get("hold"))
        with self.lock:
            return time.monotonic() < self.lost.get(user, -1e9) + hold

    def sold_out(self):
        """Whether no interface is left for one more tunnel."""
        limit = self.switches.get("interfaces")
        with self.lock:
            return limit and sum(bool(s.user) for s in self.sessions.values()) >= int(limit)

    def displace(self, newer):
        """A new tunnel to an address takes the place of an older one, which
        a client that vanished without a word left behind."""
        if self.switches.get("outlive") == "on":
            return
        with self.removal:
            with self.lock:
                older = [s for s in self.sessions.values()
                         if s is not newer and s.far_end and s.peer == newer.peer]
            for other in older:
                other.log("displaced", "by %d" % newer.number)
                self.remove(other)

    def taken(self, newer):
        """Whether an older session still has this pair of addresses: as with KAME's
        server the newer one is answered all the same, and lives on its interface."""
        with self.lock:
            found = any(s.far_end and s.peer == newer.peer
                        for s in self.sessions.values() if s is not newer)
        if found:
            newer.log("tunnel-failed", "an older session has the pair")
        return found

    def remove(self, which):
        """Removes the tunnel of a session, once."""
        with self.removal:
            end, which.far_end = which.far_end, None
            if end:
                end.remove()

    def remove_after_quit(self, which):
        """Removes the tunnel, which may take time; and as with KAME's server it is
        the pair of addresses that goes then, with whoever has it by now."""
        delay = int(self.switches.get("removal"))
        if not delay:
            self.remove(which)
            return
        time.sleep(delay / 1000)
        with self.lock:
            pair = [s for s in self.sessions.values() if s.peer == which.peer]
        for each in pair:
            self.remove(each)

    def forget(self, which):
        """A session is over."""
        self.remove(which)
        with self.lock:
            self.sessions.pop(which.number, None)
            if which.user and not which.quit:
                self.lost[which.user] = time.monotonic()
        os.close(which.wake_read)
        os.close(which.wake_write)

    def control(self, line):
        """Carries out a line of the control pipe; returns what it found."""
        verb, _, rest = line.partition(" ")
        if verb == "set":
            self.switches.set(rest)
            return ""
        if verb == "do":
            which, _, actions = rest.partition(" ")
            with self.lock:
                chosen = [s for s in self.sessions.values()
                          if which in ("all", str(s.number))]
                for each in chosen:
                    each.order(actions.split(" | "))
            return "%d sessions" % len(chosen)
        raise ValueError("no such command: " + line)

    def serve_control(self, path):
        """Reads `TOKEN COMMAND` lines from a named pipe for ever. The log
        acknowledges each with its token."""
        # Open for writing too: no end of file between two writers.
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CLOEXEC), "r",
                       encoding="latin-1", newline="\n") as pipe:
            for line in pipe:
                token, _, command = line.rstrip("\n").partition(" ")
                try:
                    self.log(0, "control-ok", f"{token} {self.control(command)}")
                except ValueError as error:
                    self.log(0, "control-failed", f"{token} {error}")

    def serve(self, listener):
        """Accepts connections for ever."""
        number = 0
        while True:
            sock, peer = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number += 1
            self.log(number, "accepted", "%s:%d" % peer)
            with self.lock:
                self.sessions[number] = session.start(number, sock, self)

    def stop(self):
        """Removes all tunnels; connections end with the process."""
        with self.lock:
            for each in list(self.sessions.values()):
                self.remove(each)
        self.log(0, "stopped")


def read_options():
    """The command line."""
    parser = argparse.ArgumentParser(description="DTCP server of the tests")
    add = parser.add_argument
    add("--listen", default="127.0.0.1", metavar="ADDRESS")
    add("--port", type=int, default=20200, help="0: any free one")
    add("--user", nargs=3, action="append", default=[],
        metavar=("NAME", "PASSWORD", "PREFIX[,...]"),
        help="an account; besides, user1, user2, ... with password `secret`")
    add("--log", metavar="FILE", help="default: standard output")
    add("--control", metavar="FIFO", help="where to read commands; made here")
    add("--no-tunnel", action="store_true", help="build no interface")
    add("--set", action="append", default=[], metavar="SWITCH=VALUE")
    return parser.parse_args()


def main():
    """Serves until a signal comes."""
    options = read_options()
    try:
        server = Server(options)
    except ValueError as error:
        sys.exit(f"dtcpd: {error}")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.listen, options.port))
    listener.listen(1024)
    if options.control:
        os.mkfifo(options.control)
        threading.Thread(target=server.serve_control, daemon=True,
                         args=(options.control,)).start()
    threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
    # A pipe that is written to at once: a handler of Python's own does not run while the
    # main thread waits, if the signal came just before or to another thread.
    ended, end = os.pipe()
    os.set_blocking(end, False)
    signal.set_wakeup_fd(end)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    server.log(0, "listening", "%s:%d" % listener.getsockname())
    print("port %d" % listener.getsockname()[1], flush=True)
    os.read(ended, 1)
    server.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
