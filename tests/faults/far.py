#!/usr/bin/env python3
"""Lets every system call of dtcpd fail once, as faults.py does with dtcp-up. Runs in the
lab (see faults.bash), in the provider's namespace; its clients are sockets of the
customer's.

  far.py [OPTION of faults.py]... PROGRAM

Phases: serve (from the start until it listens), login, host and tunnelonly (logins of
those types), refused (logins that are), ping, move (a login from another address), second
(one from the same), leave (quit, until the tunnel is gone), idle (the client says nothing
until it is put out), reload, broken (a file that cannot be read anew), mend (somebody
removed the interface), end, and again (the start after all processes were killed with a
tunnel up). After each run either dtcpd serves as if nothing had been, or it ended with a status
that is documented, said why, and left nothing, or what it said that the next one
removes. After a kill of whichever process the next start puts all right."""

import ctypes
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from faults import all_phases, options_of  # noqa: E402
from machine import (NEAR, Wrong, ends_of, kernel, names_in, numbers,  # noqa: E402
                     process, read, until)
from phases import Failer  # noqa: E402

RUN_DIR, CONF, LOG = "/run/lab/faults-run", "/run/lab/faults.conf", "/run/lab/faults.log"
SERVER4, PORT = "198.51.100.1", 20200
USERS = ("user foo bar prefix=2001:db8:c0de::/48 host=2001:db8:6:1::6,2001:db8:6:1::5"
         " tunnelonly=yes",
         "user two x prefix=2001:db8:c0df::/48")
STATUSES = {71, 77, 78}
TYPES = ("network", "host", "tunnelonly")
UP_BEFORE = ("ping", "move", "second", "leave", "idle", "reload", "broken", "mend", "end", "again")
SERVES = ("login", "host", "tunnelonly", "refused", *UP_BEFORE[:-1])  # it runs before
PHASES = ("serve", *SERVES, "again")
IDLE_S = 5  # in the phase of this name
# Who tries wrong passwords there: one address after the other, before it is kept out.
STRANGERS, TRIES_EACH = ["203.0.113.%d" % n for n in range(128, 255)], 8

libc = ctypes.CDLL(None, use_errno=True)


class Client:
    """A connection from the customer's namespace."""

    def __init__(self, address):
        self.buffer = b""
        home, box = (open(path, "rb") for path in ("/proc/self/ns/net", "/run/netns/customer"))
        with home, box:
            libc.setns(box.fileno(), 0)
            self.socket = socket.socket()
            libc.setns(home.fileno(), 0)
        self.socket.settimeout(20)
        try:
            self.socket.bind((address, 0))
            self.socket.connect((SERVER4, PORT))
        except OSError:
            pass  # the first line will not come

    def line(self):
        """The next line; "" where none comes."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(4096)
            except OSError:
                data = b""
            if not data:
                return ""
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("ascii")

    def ask(self, text):
        """The answer to a line."""
        try:
            self.socket.sendall(text.encode() + b"\r\n")
        except OSError:
            return ""
        return self.line()

    def login(self, kind="network"):
        """Whether it got a tunnel; what it was told is in self.told."""
        self.told = self.line()
        words = self.told.split()
        if words[:1] != ["+OK"]:
            return False
        digest = hashlib.md5(("foo" + words[1] + "bar").encode()).hexdigest()
        self.told = self.ask("tunnel foo %s %s" % (digest, kind))
        return self.told.startswith("+OK ")

    def is_refused(self):
        """Whether each of these is refused, and the third failed login is the last."""
        fine = not self.login("bridge") and "unsupported tunnel type bridge" in self.told
        for n in range(3):
            told = self.ask("tunnel foo %032x network" % n)
            fine = fine and told.startswith("-ERR authentication failed.")
        return fine and self.has_ended()

    def has_ended(self):
        """Whether the server has nothing more to say, and says so."""
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except OSError:
            return False

    def quit(self):
        """Says so, and waits for the end of the connection."""
        said = self.ask("quit")
        while said and self.line():
            pass
        self.close()
        return said.startswith("+OK")

    def close(self):
        """Without a word."""
        self.socket.close()


def dtcpds():
    """Its processes: number to parent."""
    found = {}
    for name in numbers():
        seen = process(name)
        if seen and seen[0] == "dtcpd" and seen[1] not in "ZX":
            found[int(name)] = seen[2]
    return found


def kill_all():
    """Root's process first: it would take down when it hears of another's end."""
    found = dtcpds()
    for pid in sorted(found, key=lambda pid: found[pid] in found):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    until(10, "every process to end", lambda: not dtcpds())


def roles():
    """Its three processes at rest, by name; {} where it has others, or none."""
    found = dtcpds()
    roots = [pid for pid, parent in found.items() if parent not in found]
    rest = sorted(pid for pid in found if pid not in roots)
    if len(roots) != 1 or len(rest) != 2:
        return {}
    return {"root": roots[0], "front": rest[0], "auth": rest[1]}


def root_of_all():
    """Not by roles(): a child that is about to become ip(8) is a dtcpd, too."""
    return int(read(RUN_DIR + "/dtcpd.pid"))


def number_of(interface):
    """Of an interface; 0 where there is none."""
    return next((n for n, name in socket.if_nameindex() if name == interface), 0)


def filters():
    """How many filters the tunnel has."""
    said = subprocess.run(["tc", "filter", "show", "dev", "dtcp0", "ingress"], check=False,
                          capture_output=True).stdout
    return said.count(b"terminal flowid") or said.count(b"fh 8")


class Far:
    """A dtcpd, its clients, and what is right for it."""

    def __init__(self, program):
        self.program, self.child = program, None
        self.near, self.users, self.kind, self.idle_s = 0, 1, "network", 0
        self.client = None  # who is logged in
        self.read = 0  # of what it says
        self.descriptors = {}
        self.down = kernel()
        self.idle, self.up = {}, {}  # by the number of users; by that and the type
        self.filters = {}  # by the type

    def command(self):
        """How it is started."""
        return [self.program, "-c", CONF, "--run-dir", RUN_DIR]

    def write_conf(self):
        """So many users as there are to be."""
        with open(CONF, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write("\n".join(("listen %s" % SERVER4, "script /bin/true", *USERS[:self.users],
                                  "idle %d" % self.idle_s if self.idle_s else "", "")))

    def news(self):
        """What it has said since its start, or since the phase began."""
        return read(LOG)[self.read:]

    def listens(self):
        """Whether it has said so since its start."""
        return "listening at" in read(LOG)

    def start(self):
        """A dtcpd that nothing disturbs."""
        self.read = 0
        with open(LOG, "w", encoding="latin-1") as log:
            self.child = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log)
        until(60, "the next dtcpd to listen", lambda: self.listens() or self.child.poll() is not None)
        if not self.listens():
            raise Wrong("the next dtcpd ended with %d" % self.child.returncode)
        until(5, "all to be right after a start", self.is_idle)

    def reap(self):
        """Its status, where it is our child and has ended; else None."""
        return self.child.poll() if self.child else None

    def is_idle(self):
        """It serves, and nobody is there."""
        if set(roles()) != {"root", "front", "auth"} or "tunnel" in read(RUN_DIR + "/dtcpd.state"):
            return False
        if self.idle.get(self.users) and kernel() != self.idle[self.users]:
            return False
        return all(len(names_in("/proc/%d/fd" % pid)) <= self.descriptors.get(role, 99)
                   for role, pid in roles().items())

    def is_up(self):
        """It serves, and the client has all that it should."""
        return (bool(roles()) and ends_of(b"dtcp0") == (SERVER4, NEAR[self.near]) and
                (not self.up or (kernel(), filters()) == self.right()) and
                "tunnel dtcp0 %s" % self.kind in read(RUN_DIR + "/dtcpd.state"))

    def right(self):
        """Kernel and number of filters, with a tunnel of this type."""
        return self.up[self.users, self.kind], self.filters[self.kind]

    def is_gone(self):
        """Nothing is left."""
        return not dtcpds() and not names_in(RUN_DIR) and kernel() == self.down

    def log_in(self):
        """By a client that nothing disturbs."""
        self.client = Client(NEAR[self.near])
        if not self.client.login(self.kind):
            raise Wrong("the next login was told %r" % self.client.told)
        until(5, "the tunnel", self.is_up)

    def log_out(self):
        """The tunnel is gone when the connection is."""
        if not self.client.quit():
            raise Wrong("quit was not answered")
        self.client = None
        until(5, "the tunnel to go", self.is_idle)

    def bring_up(self):
        """It serves, and nobody is logged in."""
        if self.client:
            self.client.close()
            self.client = None
        if dtcpds():
            until(20, "the last session to end", self.is_idle)
            return
        self.write_conf()
        self.start()

    def take_down(self):
        """Nothing is left, by a signal."""
        self.bring_up()
        os.kill(root_of_all(), signal.SIGTERM)
        until(20, "its end", lambda: not dtcpds())
        until(2, "nothing to be left", self.is_gone)
        self.reap()
        self.child = None

    def learn(self):
        """What is right: with one user and with two, idle and up."""
        idle, up = {}, {}
        for self.users in (1, 2):
            self.bring_up()
            self.descriptors = self.descriptors or {
                role: len(names_in("/proc/%d/fd" % pid)) for role, pid in roles().items()}
            idle[self.users] = kernel()
            for self.kind in TYPES:
                self.log_in()
                up[self.users, self.kind] = kernel()
                self.filters[self.kind] = filters()
                self.log_out()
            self.take_down()
        self.users, self.kind = 1, "network"
        self.idle, self.up = idle, up

    def recover(self):
        """After a wrong run, by whatever it takes."""
        self.client = None
        kill_all()
        subprocess.run(["ip", "link", "del", "dtcp0"], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "del", "dtcpd-try"], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "-6", "route", "flush", "proto", "203"], check=False)
        subprocess.run(["rm", "-rf", RUN_DIR], check=False)

    def why(self):
        """What differs."""
        right = self.up.get((self.users, self.kind), self.down)
        parts = ["said: " + " / ".join(self.news().splitlines()[-6:])]
        for name, now, was in zip(("links", "addresses", "routes"), kernel(), right):
            if now != was:
                parts.append("%s: more %s, less %s" % (name, sorted(now - was), sorted(was - now)))
        parts.append("processes %s, files %s, ends %s, filters %d, descriptors %s of %s" % (
            dtcpds(), names_in(RUN_DIR), ends_of(b"dtcp0"), filters(),
            {role: len(names_in("/proc/%d/fd" % pid)) for role, pid in roles().items()},
            self.descriptors))
        return "; ".join(parts)


class FarPhase:
    """Runs of a phase, with or without a fault."""

    refusals = 0

    def __init__(self, machine, name):
        self.machine, self.name = machine, name

    def prepare(self):
        """It serves or not, with a tunnel or without."""
        m = self.machine
        idle_s = IDLE_S if self.name == "idle" else 0
        if m.idle_s != idle_s:
            m.take_down()
            m.idle_s = idle_s
        # Whoever is to end has to be our child, or its status is not known.
        if self.name == "serve" or not m.child:
            m.take_down()
        if self.name == "serve":
            return
        m.bring_up()
        if self.name in UP_BEFORE:
            m.log_in()
        if self.name == "again":
            kill_all()
            m.client.close()
            m.client = None
            m.reap()

    def act(self):
        """What happens meanwhile; returns what is true when it has."""
        m = self.machine
        if self.name in ("login", "host", "tunnelonly"):
            m.kind = "network" if self.name == "login" else self.name
            m.client = Client(NEAR[m.near])
            fine = m.client.login(m.kind)
            return lambda: fine and m.is_up()
        if self.name in ("move", "second"):
            if self.name == "move":
                m.near = 1 - m.near
            old, m.client, number = m.client, None, number_of("dtcp0")
            m.client = Client(NEAR[m.near])
            fine = m.client.login()
            old.close()
            return lambda: fine and m.is_up() and number_of("dtcp0") == number
        if self.name == "refused":
            FarPhase.refusals += 1
            m.client = Client(STRANGERS[FarPhase.refusals // TRIES_EACH % len(STRANGERS)])
            fine = m.client.is_refused()
            return lambda: fine and m.is_idle()
        if self.name == "idle":
            m.client.ask("ping")
            fine = "timed out" in m.client.line() and m.client.has_ended()
            return lambda: fine and m.is_idle()
        if self.name == "ping":
            fine = all(m.client.ask("ping") == "+OK pong\r" for _ in range(2))
            return lambda: fine and m.is_up()
        if self.name == "leave":
            fine, m.client = m.client.quit(), None
            return lambda: fine and m.is_idle()
        root = root_of_all()
        if self.name == "reload":
            m.users = 3 - m.users
            m.write_conf()
            os.kill(root, signal.SIGHUP)
            return m.is_up
        if self.name == "broken":
            with open(CONF, "a", encoding="ascii") as file:
                file.write("user\n")
            os.kill(root, signal.SIGHUP)
            return lambda: "was not read" in m.news() and m.is_up()
        if self.name == "mend":
            # Where the call fails before that, dtcpd may have removed it by now.
            subprocess.run(["ip", "link", "del", "dtcp0"], check=False, stderr=subprocess.DEVNULL)
            return m.is_up
        os.kill(root, signal.SIGTERM)
        m.client.close()
        m.client = None
        return m.is_gone

    def follow(self, fault, trace):
        """`fail`, with the dtcpd that serves, or with one that it starts."""
        m = self.machine
        if self.name in SERVES:
            m.read = len(read(LOG))
            return Failer(["/bin/true"], fault, trace, [
                word for role, pid in roles().items() for word in ("-p", "%s=%d" % (role, pid))])
        m.read, m.child = 0, None
        m.write_conf()
        with open(LOG, "w", encoding="latin-1") as log:
            return Failer(m.command(), fault, trace, ["-d"], log)

    def run(self, fault=None, trace="/dev/null"):
        """Returns whether the fault was met."""
        m = self.machine
        self.prepare()
        failer = self.follow(fault, trace)
        killed = bool(fault) and fault.endswith("=kill")
        status = None
        try:
            if self.name in SERVES:
                failer.status()
                self.calm(fault, self.act(), failer)
            else:
                failer.listen(lambda: m.listens() or failer.line("=exit ") is not None, 0.05)
                self.calm(fault, lambda: m.listens() and m.is_idle(), failer)
            failer.listen(lambda: failer.line("=failed") is not None, 0.3 if fault else 0)
            if self.name not in SERVES and not dtcpds():
                status = failer.status()[0]
        finally:
            failer.end()
        # A word that could not be written does not come.
        self.settle(killed and failer.met(), status, bool(fault) and ":write:" in fault)
        return failer.met()

    def calm(self, fault, test, failer):
        """Waits until all is as it should be, or cannot become so."""
        # Who is put out has two seconds to hang up, as this client does not.
        fault_s = 4 if self.name in ("idle", "refused") else 1
        try:
            until(fault_s if fault else 60, "the end", lambda: test() or not dtcpds())
        except Wrong:
            if not fault:
                raise
        # What was right a moment ago may not be right now: a script begins as a dtcpd.
        if not fault and not dtcpds() and not test():
            raise Wrong("it has ended")

    def settle(self, killed, status, lost):
        """It serves, or has ended as it should."""
        m = self.machine
        if m.client:
            m.client.close()
            m.client = None
        m.kind = "network"
        if self.name == "broken":
            m.write_conf()
            if dtcpds():
                os.kill(root_of_all(), signal.SIGHUP)
                until(30, "its word about the file", lambda: not dtcpds() or
                      "was read again" in m.news())
        if self.name == "reload" and not lost:
            until(30, "its word about the file", lambda: not dtcpds() or
                  re.search("was (not read|read again)", m.news()))
            if "was not read" in m.news() and dtcpds():
                os.kill(root_of_all(), signal.SIGHUP)
        until(30, "its end, or that it serves", lambda: not dtcpds() or m.is_idle())
        if self.serves():
            return
        self.ended(killed, status)
        m.bring_up()
        m.log_in()
        m.log_out()

    def serves(self):
        """Whether somebody can log in; where not, it ends."""
        m = self.machine
        if not dtcpds():
            return False
        try:
            m.log_in()
            m.log_out()
            return True
        except Wrong:
            m.client = None
            until(20, "its end, since it does not serve", lambda: not dtcpds())
            return False

    def ended(self, killed, status):
        """It has ended: with a documented status, and nothing left, unless it says so."""
        m = self.machine
        if m.child:
            status = m.child.wait(20)
            m.child = None
        if killed and (status is None or status < 0 or status > 128):
            return  # root itself: the next start puts it right
        # Who ended when `fail` had let go has a status that nobody saw.
        if status and status not in STATUSES:
            raise Wrong("the status is %s" % status)
        if status == 0 and self.name != "end":
            raise Wrong("it ended with 0, unasked")
        if status and not m.news().strip():
            raise Wrong("status %d without a message" % status)
        if "another dtcpd runs" in m.news():
            os.unlink(RUN_DIR + "/dtcpd.pid")  # whoever has the lock has the file
        if self.name != "again" and not re.search(
                "the next start tries again|cannot be removed", m.news()):
            until(2, "nothing to be left", m.is_gone)


def main():
    """Returns the exit status."""
    options = options_of(PHASES)
    machine = Far(options.program)
    machine.learn()
    return all_phases(options, machine, FarPhase)


if __name__ == "__main__":
    sys.exit(main())
