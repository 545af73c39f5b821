#!/usr/bin/python3
"""Talks to a DTCP server as clients do, and checks what it answers.

    talk.py PORT CASE

A case is a function below. `good_*` holds for any good server, the others for
dtcpd. User foo has the password bar; the server is at 127.0.0.1."""

import hashlib
import socket
import sys
import time

PATIENCE = 30


class Client:
    def __init__(self, port, source="127.0.0.1", server="127.0.0.1"):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.bind((source, 0))
        self.socket.connect((server, port))
        self.buffer = b""
        self.challenge = None

    def line(self):
        """The next line without its CRLF; None at the end."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(4096)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), line
        return line[:-1].decode()

    def greeting(self):
        line = self.line()
        assert line.startswith("+OK "), line
        self.challenge = line.split()[1]
        assert len(self.challenge) == 32 and int(self.challenge, 16) >= 0, line
        return self

    def say(self, text):
        self.socket.sendall(text.encode())

    def ask(self, text):
        self.say(text + "\r\n")
        return self.line()

    def response(self, user="foo", password="bar", upper=None):
        digest = hashlib.md5((user + self.challenge + password).encode()).hexdigest()
        if upper is None:
            upper = self.challenge != self.challenge.lower()
        return digest.upper() if upper else digest

    def login(self, kind="network", user="foo", password="bar", upper=None):
        return self.ask("tunnel %s %s %s" % (user, self.response(user, password, upper), kind))

    def close(self):
        self.socket.close()


def greeted(port, source="127.0.0.1"):
    return Client(port, source).greeting()


def is_ok(answer):
    assert answer and (answer == "+OK" or answer.startswith("+OK ")), answer


def is_err(answer, text="-ERR "):
    assert answer and answer.startswith(text), answer


def good_login(port):
    c = greeted(port)
    words = c.login().split()
    assert words[0] == "+OK" and words[1] == "127.0.0.1", words
    assert words[3] == "2001:db8:c0de::/48", words
    is_ok(c.ask("ping"))
    is_ok(c.ask("quit"))
    assert c.line() is None


def good_ping(port):
    c = greeted(port)
    is_ok(c.ask("ping"))
    is_ok(c.login())
    for _ in range(5):
        is_ok(c.ask("ping"))


def good_help(port):
    is_ok(greeted(port).ask("help"))


def good_unknown(port):
    c = greeted(port)
    is_err(c.ask(""), "-ERR invalid command")
    is_err(c.ask("frobnicate"), "-ERR invalid command")
    is_ok(c.login())


def good_wrong_password(port):
    c = greeted(port)
    is_err(c.login(password="other"), "-ERR authentication failed.")
    is_err(c.ask("tunnel foo"), "-ERR authentication failed.")
    is_ok(c.login())


def good_unsupported(port):
    c = greeted(port)
    is_err(c.login("carrier"), "-ERR unsupported tunnel type carrier")
    is_ok(c.login())


def good_line_ends(port):
    c = greeted(port)
    c.say("ping\n")
    is_ok(c.line())
    c.say("pi")
    time.sleep(0.1)
    c.say("ng\r")
    time.sleep(0.1)
    c.say("\n")
    is_ok(c.line())


def good_one_packet(port):
    c = greeted(port)
    c.say("ping\r\nfrobnicate\r\ntunnel foo %s network\r\nping\r\nquit\r\n" % c.response())
    is_ok(c.line())
    is_err(c.line())
    is_ok(c.line())
    is_ok(c.line())
    is_ok(c.line())
    assert c.line() is None


def good_again(port):
    for _ in range(3):
        c = greeted(port)
        is_ok(c.login())
        is_ok(c.ask("quit"))
        assert c.line() is None


def either_case(port):
    for upper in (False, True):
        c = greeted(port)
        is_ok(c.login(upper=upper))
        is_ok(c.ask("quit"))
        assert c.line() is None


def fresh_challenges(port):
    seen = {greeted(port, "127.0.0.%d" % (2 + n % 8)).challenge for n in range(60)}
    assert len(seen) == 60


def texts(port):
    c = greeted(port)
    assert c.ask("ping") == "+OK pong"
    assert c.ask("PiNg and more words ") == "+OK pong"
    assert c.ask("HELP me") == "+OK valid commands are: TUNNEL PING HELP QUIT"
    is_err(c.ask("tunnel foo %s network more" % c.response()), "-ERR authentication failed.")
    assert c.ask(" tunnel  foo  %s  TunnelRoute  " % c.response()) == \
        "+OK 127.0.0.1 127.0.0.1 2001:db8:c0de::/48"
    is_err(c.login(), "-ERR this connection has its tunnel already")
    assert c.ask("quit") == "+OK tunnel server quitting"
    assert c.line() is None


def third_failure(port):
    c = greeted(port)
    is_err(c.login(password="x"), "-ERR authentication failed.")
    is_err(c.login(user="nobody"), "-ERR authentication failed.")
    is_err(c.login("carrier", password="x"), "-ERR authentication failed.")
    assert c.line() is None


def one_digit(port):
    """A response that has one wrong digit is wrong, whichever that is."""
    for n in range(32):
        c = greeted(port, "127.0.3.%d" % (1 + n // 16))
        right = c.response(upper=False)
        wrong = right[:n] + "%x" % (int(right[n], 16) ^ 1 + n % 8) + right[n + 1:]
        is_err(c.ask("tunnel foo %s network" % wrong), "-ERR authentication failed.")
        c.close()


def bad_lines(port):
    for text in ("x" * 513 + "\r\n", "x" * 600, "pi\tng\r\n", "ping\0\r\n", "\x1b[2J\r\n"):
        c = greeted(port)
        c.say(text)
        is_err(c.line(), "-ERR line too long, or with a control character")
        assert c.line() is None
    c = greeted(port)
    is_err(c.ask("x" * 512), "-ERR invalid command")
    is_ok(c.ask("ping"))


def displaced(port):
    old = greeted(port)
    is_ok(old.login())
    new = greeted(port)
    is_ok(new.login())
    is_err(old.line(), "-ERR a newer login of this user has the tunnel now")
    assert old.line() is None
    is_ok(new.ask("ping"))


def timed_out(port):
    """The server was told `idle 1`."""
    start = time.monotonic()
    c, up = greeted(port), greeted(port)
    is_ok(up.login())
    is_err(up.line(), "-ERR connection timed out, disconnecting")
    assert up.line() is None
    assert time.monotonic() - start > 0.9
    is_ok(c.ask("ping"))  # it has its minute to log in
    is_ok(c.login())
    # Bytes that are no line keep nobody here.
    for _ in range(100):
        try:
            c.say("x")
        except OSError:
            break
        time.sleep(0.1)
    else:
        assert False, "it was never timed out"


def one_address(port):
    """Of sixteen and more connections from one address the oldest goes."""
    clients = [greeted(port, "127.0.0.5") for _ in range(16)]
    other = greeted(port, "127.0.0.6")
    for c in clients:
        is_ok(c.ask("ping"))
    more = greeted(port, "127.0.0.5")
    is_err(clients[0].line(), "-ERR too many connections")
    is_ok(more.ask("ping"))
    is_ok(clients[1].ask("ping"))
    is_ok(other.ask("ping"))


def crowd(port):
    """Thousands that connect and say nothing, half of them gone at once, cost
    somebody who logs in nothing."""
    held = []
    up = greeted(port)
    is_ok(up.login())
    for n in range(2000):
        c = Client(port, "127.%d.%d.%d" % (1 + n % 7, n // 250, 1 + n % 250))
        if n % 2:
            held.append(c)
        else:
            c.close()
    is_ok(up.ask("ping"))
    c = greeted(port, "127.9.9.9")
    is_ok(c.ask("ping"))
    alive = 0
    for c in held:
        c.socket.settimeout(PATIENCE)
        c.line()
        c.socket.setblocking(False)
        try:
            alive += c.socket.recv(1, socket.MSG_PEEK) == b"nothing"
        except BlockingIOError:
            alive += 1
        except OSError:
            pass
    assert alive <= 256, alive
    assert alive > 0


def patience(port):
    """Where there are too many, each from an address of its own, nobody is sent away who
    has had less than a second to log in; who comes then waits, and is served."""
    start = time.monotonic()
    clients = [greeted(port, "127.0.%d.%d" % (2 + n % 2, 1 + n // 2)) for n in range(256)]
    last = greeted(port, "127.0.4.1")
    assert time.monotonic() - start >= 1
    is_err(clients[0].line(), "-ERR too many connections")
    is_ok(clients[1].ask("ping"))
    is_ok(last.ask("ping"))


def thousand(port):
    """Users u1 to u1000 log in, and say so."""
    all_up = []
    for n in range(1000):
        c = greeted(port, "127.1.%d.%d" % (n % 8, 1 + n // 8))
        is_ok(c.login(user="u%d" % (n + 1)))
        all_up.append(c)
    print("up", flush=True)
    all_up[0].line()


def flood(port):
    """A client that sends and never reads is dropped at once, and others are
    served."""
    c = greeted(port)
    c.socket.settimeout(2)
    try:
        for _ in range(100000):
            c.say("ping\r\n" * 100)
    except OSError:
        pass
    else:
        assert False, "it was never dropped"
    is_ok(greeted(port).ask("ping"))


def blocked(port):
    """Thirty failures block an address, but not the user whose tunnel is up from
    there; both letter cases of one response are one."""
    early = greeted(port, "127.0.0.7")
    up = greeted(port, "127.0.0.7")
    is_ok(up.login())
    for n in range(29):
        c = greeted(port, "127.0.0.7")
        is_err(c.login(password="x%d" % n, upper=False), "-ERR authentication failed.")
        is_err(c.login(password="x%d" % n, upper=True), "-ERR authentication failed.")
        c.close()
    c = greeted(port, "127.0.0.7")
    is_err(c.login(password="last"), "-ERR authentication failed.")
    assert c.line() is None
    c = greeted(port, "127.0.0.7")  # a tunnel leads there, but not this user's
    is_err(c.login(user="two", password="x"), "-ERR authentication failed.")
    assert c.line() is None
    c = greeted(port, "127.0.0.7")
    is_ok(c.login())
    is_err(up.line(), "-ERR a newer login")
    is_ok(c.ask("quit"))
    assert c.line() is None
    c = Client(port, "127.0.0.7")
    is_err(c.line(), "-ERR too many failed logins from your address")
    assert c.line() is None
    is_err(early.login(), "-ERR authentication failed.")
    assert early.line() is None
    is_ok(greeted(port, "127.0.0.8").login())


def repeated(port):
    """One wrong response again and again is a failure each time."""
    for _ in range(10):
        c = greeted(port, "127.0.0.7")
        for _ in range(3):
            is_err(c.login(password="x", upper=False), "-ERR authentication failed.")
        assert c.line() is None
    is_err(Client(port, "127.0.0.7").line(), "-ERR too many failed logins from your address")


class Crowd:
    """Connections that do not log in, of three kinds: silent, slow, and such as send and
    never read. Where one has ended, another comes, from the next address."""

    def __init__(self, port, server, source, count):
        self.port, self.server, self.source = port, server, source
        self.made, self.clients = 0, [None] * count
        self.go_on()

    def one(self, n):
        client = socket.socket()
        client.setblocking(False)
        self.made += 1
        client.bind((self.source % (n % 8, 1 + self.made % 250), 0))
        try:
            client.connect((self.server, self.port))
        except BlockingIOError:
            pass
        return client

    def go_on(self):
        """A little of what each does."""
        for n, client in enumerate(self.clients):
            try:
                if client is None:
                    self.clients[n] = self.one(n)
                elif n % 3 == 0:
                    client.send(b"p")
                elif n % 3 == 1:
                    client.send(b"ping\r\n" * 200)
                elif not client.recv(4096):
                    raise ConnectionResetError
            except BlockingIOError:
                pass
            except OSError:
                client.close()
                self.clients[n] = None


def storm(port):
    """Hundreds of them, while somebody who has a tunnel and somebody who wants one are
    served; prints the milliseconds of the slowest answer."""
    crowd = Crowd(port, "127.0.0.1", "127.66.%d.%d", 600)
    up = greeted(port)
    is_ok(up.login())
    slowest = 0
    for _ in range(100):
        crowd.go_on()
        start = time.monotonic()
        is_ok(up.ask("ping"))
        c = greeted(port, "127.0.0.9")
        is_ok(c.ask("ping"))
        c.close()
        slowest = max(slowest, time.monotonic() - start)
    print("%.0f" % (1000 * slowest))
    assert crowd.made > 1000, crowd.made


def stranger(port):
    """Logs in, says so, and waits to be told more (far.bats)."""
    c = greeted(port)
    is_ok(c.login())
    print("up", flush=True)
    print(c.line(), flush=True)
    assert c.line() is None


def pinger(port):
    """Logs in, says ping and that it has, and waits."""
    c = greeted(port)
    is_ok(c.login())
    is_ok(c.ask("ping"))
    print("pinged", flush=True)
    c.line()


def many(port):
    """Twenty users, who are told to say ping, which they do one after the other."""
    all_up = [greeted(port, "127.0.1.%d" % n) for n in range(1, 21)]
    for n, c in enumerate(all_up, 1):
        is_ok(c.login(user="u%d" % n))
    print("up", flush=True)
    with open("go", encoding="ascii") as go:
        go.read()
    for c in all_up:
        c.say("ping\r\n")
        time.sleep(0.002)  # all within the 200 ms for which dtcpd gathers them
    for c in all_up:
        is_ok(c.line())
    print("pinged", flush=True)
    all_up[0].line()


def patient(port):
    """Is silent for longer than `idle 1` allows, which the server was told before."""
    c = greeted(port)
    is_ok(c.login())
    time.sleep(2.5)
    is_ok(c.ask("ping"))


if __name__ == "__main__":
    globals()[sys.argv[2]](int(sys.argv[1]))
