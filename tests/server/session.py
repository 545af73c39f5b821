"""One connection: the dialogue, its timers, and its tunnel."""

import os
import select
import threading
import time

import protocol
from farend import FarEnd
from misbehave import Wire, unescape


class Ended(Exception):
    """The connection is over; the text says why."""


class Hung(Exception):
    """Nobody serves the connection any more, and nobody closes it."""


class Session:
    """Serves one client; run() is the body of a thread of its own."""

    def __init__(self, number, sock, server):
        self.number, self.sock, self.server = number, sock, server
        self.switches = server.switches
        self.wire = Wire(sock, server.switches, self.log)
        self.peer = sock.getpeername()[0]
        self.challenge = ""
        self.user = None        # once logged in
        self.far_end = None
        self.quit = False
        self.closes = True      # after `quit`
        self.buffer = b""
        self.orders = []        # from the control thread
        self.wake_read, self.wake_write = os.pipe()
        self.heard = time.monotonic()

    def log(self, event, detail=""):
        """Writes a line about this connection to the log."""
        self.server.log(self.number, event, detail)

    def order(self, actions):
        """Has this connection carry out ACTIONS; called by other threads."""
        self.orders.append(actions)
        os.write(self.wake_write, b"!")

    def run(self):
        """Serves until the connection ends, then cleans up."""
        why = ""
        try:
            self.step("accept", lambda: None)
            asked = protocol.challenge(self.switches.get("dialect"),
                                       self.switches.get("challenge"))
            self.challenge = asked
            self.step("greeting", lambda: protocol.greeting(
                self.switches.get("dialect"), asked))
            while True:
                self.command(self.read_line())
        except Hung:
            self.log("hung")
            return
        except Ended as error:
            why = str(error)
        except OSError as error:
            why = "lost: " + os.strerror(error.errno or 0)
        if self.quit:
            # The FIN says that the tunnel is gone; whoever has seen it finds the end in the log.
            self.server.remove_after_quit(self)
            self.over(why)
            self.sock.close()
        else:
            self.sock.close()
            self.over(why)

    def over(self, why):
        """Nothing is known of this connection any more, which is logged."""
        if self.buffer:
            self.log("leftover", repr(self.buffer))
        self.server.forget(self)
        self.log("ended", why)

    def command(self, line):
        """Answers one line of the client's."""
        words = line.split(" ")
        if self.kame():
            # In any letter case, whatever comes after `ping`, a blank at the end.
            words = line.rstrip(" ").split(" ")
            words[0] = words[0].lower()
            line = words[0]
        if words[0] == "tunnel":
            self.log("login", " ".join(words[1:2] + words[3:]))
            self.step("login", lambda: self.login(words))
        elif line == "ping":
            self.step("ping", lambda: self.dialect("ping"))
        elif line == "help":
            self.step("help", lambda: self.dialect("help"))
        elif line == "quit":
            self.step("quit", lambda: self.dialect("quit"))
            if not self.closes:
                raise Hung
            self.quit = True
            raise Ended("quit")
        else:
            self.step("other", lambda: protocol.ERR_COMMAND)

    def kame(self):
        """Whether it behaves as KAME's server does."""
        return self.switches.get("dialect") == "kame"

    def dialect(self, name):
        """The dialect's line NAME."""
        return protocol.DIALECTS[self.switches.get("dialect")][name]

    # Carrying out what the switches say

    def step(self, name, answer):
        """Carries out the actions of step NAME; ANSWER makes the right line."""
        self.act(self.switches.actions(name), answer)

    def act(self, actions, answer):
        """Carries out ACTIONS."""
        for action in actions:
            verb, _, rest = action.partition(" ")
            if verb == "ok":
                line = answer()
                if line is not None:
                    self.wire.line(line)
            elif verb in ("line", "raw", "err"):
                text = self.substitute(rest, answer)
                if verb == "raw":
                    self.wire.raw(text.encode("latin-1"))
                else:
                    self.wire.line(("-ERR " if verb == "err" else "") + text)
            elif verb == "close":
                raise Ended("closed by order")
            elif verb == "reset":
                self.wire.reset()
                raise Ended("reset by order")
            elif verb == "eof":
                self.sock.shutdown(1)
            elif verb == "delay":
                time.sleep(int(rest) / 1000)
            elif verb in ("garbage", "endless", "flood", "pongs", "drip"):
                self.log("sent", action)
                getattr(self.wire, verb)(int(rest) if rest else None)

    def substitute(self, text, answer):
        """TEXT with escapes and $NAMES filled in."""
        text = unescape(text)
        if "$OK" in text:
            text = text.replace("$OK", answer() or "")
        prefixes = self.server.offer(None)["prefixes"] or [""]
        for name, value in (("$CHALLENGE", self.challenge),
                            ("$CLIENT4", self.client4()),
                            ("$SERVER4", self.server4()),
                            ("$PREFIX", prefixes[0])):
            text = text.replace(name, value)
        return text

    # Logging in

    def client4(self):
        """The client's address as the reply names it."""
        return self.switches.get("client4") or self.peer

    def server4(self):
        """Our address as the reply names it."""
        return self.switches.get("server4") or self.sock.getsockname()[0]

    def login(self, words):
        """Checks a `tunnel` line, builds the tunnel, returns the answer."""
        refusal = self.refusal(words)
        if refusal:
            self.log("login-refused", refusal)
            return refusal
        if self.user:
            # dtcp-up must never do this: KAME's server leaks the first tunnel.
            self.log("second-login", words[1])
            self.server.remove(self)
        if self.server.sold_out():
            if self.kame():
                raise Hung  # it would answer, but dies of it
            return protocol.ERR_SOLD_OUT
        user, kind = words[1], words[3]
        offer = self.server.offer(user)
        self.user = user
        if self.switches.get("tunnel") == "on" and not self.build(kind, offer):
            self.user = None
            return protocol.ERR_SOLD_OUT
        self.log("login-ok", "%s %s" % (user, kind))
        return protocol.login_reply(kind, self.client4(), self.server4(), offer)

    def build(self, kind, offer):
        """Builds the tunnel; False where that fails. One login at a time: of two from
        the same address the later one is to find the tunnel of the other."""
        with self.server.removal:
            self.server.displace(self)
            if self.server.taken(self):
                return True
            end = FarEnd("dtcp%d" % self.number, self.sock.getsockname()[0],
                         self.peer, self.log)
            if not end.build(kind, offer, self.switches.get("mtu"),
                             self.switches.get("allrouters") == "on"):
                return False
            self.far_end = end
            return True

    def refusal(self, words):
        """Why this login is refused; "" when it is not."""
        if len(words) != 4:
            return protocol.ERR_AUTH
        _, user, digest, kind = words
        password = self.server.password(user)
        if password is None or digest != protocol.response(
                self.switches.get("dialect"), user, self.challenge, password):
            return protocol.ERR_AUTH
        if kind not in self.switches.words("types"):
            self.closes = not self.kame()
            return protocol.ERR_TYPE % kind
        if self.server.held(user):
            return "-ERR " + self.switches.get("holdtext")
        return ""

    # Reading

    def deadline(self):
        """When this connection is ended for its silence, or at all, and why."""
        limit = float(self.switches.get("idle" if self.user else "unlogged"))
        if self.buffer and self.kame():
            limit = 1e6  # a line without its end is waited for
        ends = [(self.heard + limit, "timeout")]
        life = float(self.switches.get("life")) / 1000
        if life and self.user:
            ends.append((self.logged_in_at() + life, "end of life"))
        return min(ends)

    def logged_in_at(self):
        """When the login was answered; noted at the first call."""
        if not hasattr(self, "_logged_in_at"):
            self._logged_in_at = time.monotonic()
        return self._logged_in_at

    def read_line(self):
        """Returns the next line without its end; raises Ended."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.register(self.wake_read, select.POLLIN)
        while b"\n" not in self.buffer:
            end, why = self.deadline()
            left = end - time.monotonic()
            if left <= 0:
                self.log(why)
                if why == "timeout":
                    self.wire.line(protocol.ERR_TIMEOUT)
                raise Ended(why)
            ready = [fd for fd, _ in poll.poll(left * 1000 + 1)]
            if self.wake_read in ready:
                os.read(self.wake_read, 1)
                self.act(self.orders.pop(0), lambda: "")
            if self.sock.fileno() in ready:
                self.receive()
        line, _, self.buffer = self.buffer.partition(b"\n")
        self.heard = time.monotonic()
        self.log("received", repr(line + b"\n"))
        return line.removesuffix(b"\r").decode("latin-1")

    def receive(self):
        """Takes what has arrived."""
        data = self.sock.recv(4096)
        if not data:
            raise Ended("closed by client")
        self.buffer += data
        if len(self.buffer) > 65536:
            raise Ended("client sends without line ends")


def start(number, sock, server):
    """Serves SOCK in a thread of its own; returns the session."""
    session = Session(number, sock, server)
    threading.Thread(target=session.run, daemon=True).start()
    return session
