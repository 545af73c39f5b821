"""The switches by which a test tells the server what to do wrong.

A switch is NAME=VALUE. The switches of the steps (accept, greeting, login,
ping, quit, help, other) hold actions joined by ` | `, carried out in order:

  ok            the right answer
  line TEXT     TEXT and a line end; in texts \\xNN, \\r, \\n, \\t, \\e and \\\\
                are bytes, and $OK, $CHALLENGE, $CLIENT4, $SERVER4, $PREFIX
                are what the right answer would hold
  raw TEXT      TEXT without a line end
  err TEXT      -ERR TEXT
  silent        nothing
  close, reset  ends the connection by FIN or by RST
  eof           sends FIN, but goes on reading
  delay MS      waits
  garbage N     N random bytes, the same ones in each run
  endless [N]   N bytes (or for ever) without a line end
  flood [N]     N lines (or for ever)
  pongs [N]     N right answers to a ping (or for ever)
  drip MS       a byte each MS milliseconds, for ever, without a line end

STEP@N=... holds from the Nth such step after it was set, STEP#N=... for the
Nth one only; before and beside it, STEP=... or the right answer holds. Steps
are counted over all connections.
"""

import random
import re
import socket
import struct
import threading
import time

STEPS = ("accept", "greeting", "login", "ping", "quit", "help", "other")

DEFAULTS = {
    "dialect": "kame",
    "challenge": "random",  # random, time, or the text itself
    "unlogged": "60",       # seconds to log in
    "idle": "300",          # seconds of silence once a tunnel is up
    "life": "0",            # milliseconds after which a session is ended
    "hold": "0",            # seconds that a lost session blocks its user
    "holdtext": "already connected",
    "eol": "crlf",          # or lf
    "trickle": "",          # BYTES/MS: so many bytes at a time, so far apart
    "cut": "",              # offsets at which each line is cut in pieces
    "client4": "",          # what to name instead of the peer's address
    "server4": "",          # what to name instead of our own address
    "prefixes": "",         # P,P;P,P: one group a login, in turn
    "links": "",            # link addresses before the prefix
    "host6": "",            # CLIENT6,SERVER6 of type host
    "trailing": "",         # words after the prefix
    "tunnel": "on",         # off: log in, build nothing
    "types": "network tunnelroute host tunnelonly",  # that it knows
    "interfaces": "",       # how many tunnels there can be; none: no limit
    "outlive": "off",       # on: a tunnel goes with its own session alone
    "removal": "0",         # milliseconds that it takes to remove a tunnel after quit
    "mtu": "1480",          # of our end
    "allrouters": "on",     # off: our end does not join ff02::2
}

ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "e": "\x1b", "\\": "\\", "0": "\0"}


def unescape(text):
    """TEXT with its backslash escapes made into characters."""
    def one(match):
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] == "x" else ESCAPES[code]
    return re.sub(r"\\(x[0-9A-Fa-f]{2}|[rnte0\\])", one, text)


class Switches:
    """All switches; safe to use from any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._values = dict(DEFAULTS)
        self._counts = {}

    def set(self, assignment):
        """Takes NAME=VALUE; an empty value restores the default."""
        name, equals, value = assignment.partition("=")
        step = re.split("[@#]", name)[0]
        if not equals or (name not in DEFAULTS and step not in STEPS):
            raise ValueError("no such switch: " + assignment)
        if step in STEPS:
            for action in value.split(" | ") if value else []:
                check_action(action)
        with self._lock:
            if value:
                self._values[name] = value
            elif name in DEFAULTS:
                self._values[name] = DEFAULTS[name]
            else:
                self._values.pop(name, None)
            self._counts[name] = 0

    def get(self, name):
        """The value of a switch that is no step."""
        with self._lock:
            return self._values[name]

    def words(self, name):
        """The value as a list, split at blanks and commas."""
        return self.get(name).replace(",", " ").split()

    def actions(self, step):
        """Counts one STEP and returns its actions."""
        with self._lock:
            chosen = self._values.get(step, "ok")
            for name in sorted(self._values):
                if name[:len(step) + 1] not in (step + "@", step + "#"):
                    continue
                self._counts[name] += 1
                count, at = self._counts[name], int(name[len(step) + 1:])
                if count == at or (count > at and name[len(step)] == "@"):
                    chosen = self._values[name]
        return chosen.split(" | ")


WITH_TEXT = ("line", "raw", "err")
WITH_NUMBER = ("delay", "garbage", "drip")
WITH_OPTIONAL = ("endless", "flood", "pongs")
ALONE = ("ok", "silent", "close", "reset", "eof")


def check_action(action):
    """Raises ValueError unless ACTION is one of those above."""
    verb, _, rest = action.partition(" ")
    good = (verb in WITH_TEXT
            or (verb in WITH_NUMBER and rest.isdigit())
            or (verb in WITH_OPTIONAL and (not rest or rest.isdigit()))
            or (verb in ALONE and not rest))
    if not good:
        raise ValueError("no such action: " + action)


class Wire:
    """A connection as the switches deform it. Used by one thread only."""

    def __init__(self, sock, switches, log):
        self.sock, self.switches, self.log = sock, switches, log

    def line(self, text):
        """Sends a line."""
        end = "\n" if self.switches.get("eol") == "lf" else "\r\n"
        self.raw((text + end).encode("latin-1"))

    def raw(self, data):
        """Sends bytes, trickled or cut as the switches say."""
        self.log("sent", repr(data[:300]))
        for piece, pause in self._pieces(data):
            self.sock.sendall(piece)
            if pause:
                time.sleep(pause)

    def _pieces(self, data):
        trickle, cut = self.switches.get("trickle"), self.switches.get("cut")
        if trickle:
            size, pause = (int(word) for word in trickle.split("/"))
            offsets, pause = range(size, len(data), size), pause / 1000
        else:
            offsets = [int(word) for word in cut.replace(",", " ").split()]
            pause = 0.02
        start = 0
        for offset in offsets:
            if start < offset < len(data):
                yield data[start:offset], pause
                start = offset
        yield data[start:], 0

    def garbage(self, count):
        """Sends random bytes, without line ends by chance only."""
        self.raw(random.Random(20200).randbytes(count))

    def endless(self, count):
        """Sends a line that does not end, COUNT bytes of it or for ever."""
        block = b"+OK " + b"A" * 1020
        while count is None or count > 0:
            size = len(block) if count is None else min(count, len(block))
            self.sock.sendall(block[:size])
            count = None if count is None else count - size

    def flood(self, count):
        """Sends lines, COUNT of them or for ever."""
        self._repeat(b"+OK flood\r\n", count)

    def pongs(self, count):
        """Sends what a ping is answered with, COUNT times or for ever."""
        self._repeat(b"+OK\r\n", count)

    def _repeat(self, line, count):
        while count is None or count > 0:
            lines = 1000 if count is None else min(count, 1000)
            self.sock.sendall(line * lines)
            count = None if count is None else count - lines

    def drip(self, pause):
        """Sends a byte each PAUSE ms, for ever."""
        while True:
            self.sock.sendall(b"A")
            time.sleep(pause / 1000)

    def reset(self):
        """Ends the connection by RST."""
        linger = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()
