#!/usr/bin/python3
"""A day on a bad line: events at random, and after each of them all is right within
30 s of the lab's time.

    day.py PROGRAM SEED EVENTS [BREAK]

Runs in the customer's box of the lab, with the lines wan and wan2 (soak_day of
soak.bash makes them) and an account with ping=2. What is looked at is in truth.py:
kernel and --status say the same, IPv6 works if and only if it can, one keeper at most,
nothing is there that nobody wants. What happens depends on the seed alone, so that a day
can be had once more. A line is printed for each event, and last `ok` or `failed` and why.

After event BREAK the keeper is stopped, which has to be found: a test of the test."""

import os
import random
import signal
import subprocess
import sys
import time

import truth

SERVER = ["--listen", "198.51.100.1", "--user", "foo", "bar", "2001:db8:c0de::/48"]
PATIENCE = 30 * int(os.environ.get("LAB_SLOW") or 1)
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENTER = os.path.join(os.path.dirname(TESTS), "build/lab/enter")


class Wrong(Exception):
    """Something is not as it has to be; the text says what."""


def ip(*lines, box="customer"):
    """Has ip(8) do each line there; what cannot be done is not minded."""
    truth.run("ip", "-n", box, "-force", "-batch", "-", lines="\n".join(lines) + "\n")


class Line:
    """A line of the customer's, and what has become of it."""

    def __init__(self, link, far, network, metric):
        self.link, self.far, self.network, self.metric = link, far, network, metric
        self.up = self.carrier = self.routed = True
        self.host = 50  # the last number of its address, 0: none
        self.blocked = False  # protocol 41
        self.private = False  # it has a modem's address, too

    def address(self):
        """Its address."""
        return f"{self.network}.{self.host}"

    def leads(self):
        """Whether the kernel would send to the server by it."""
        return self.up and self.host and self.routed

    def usable(self):
        """Whether it has an address that might lead somewhere."""
        return self.up and (self.host or self.private)

    def works(self):
        """Whether a tunnel over it does."""
        return self.leads() and self.carrier and not self.blocked

    def route(self, word="replace"):
        """Its default route, as a line for ip."""
        return f"route {word} default via {self.network}.1 dev {self.link} metric {self.metric}"


class Day:
    """What has happened so far, and what may happen."""

    def __init__(self, program, seed):
        self.program = program
        self.random = random.Random(seed)
        self.lines = [Line("wan", "acc", "203.0.113", 100), Line("wan2", "acc2", "203.0.114", 600)]
        self.alive = False
        self.sure = True  # of the keeper; not in the midst of several events
        self.vpn = False
        self.server = None
        self.late = []  # hooks that are still to be called
        self.said = []  # of the event

    # The program

    def call(self, *arguments, allowed=(0, 75)):
        """A call of dtcp-up."""
        self.said.append("dtcp-up " + " ".join(arguments))
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode not in allowed:
            raise Wrong(f"dtcp-up {arguments}: {done.returncode}: {done.stderr}")

    def tell(self, number=signal.SIGUSR1):
        """The keeper gets a signal: of this the kernel did not tell it."""
        for pid in truth.keepers():
            os.kill(pid, number)

    def event(self, line, address):
        """A hook: something happened to the line."""
        self.call("--event", line.link, address)
        self.alive = self.alive or bool(line.leads())

    def event_down(self, line):
        """A hook: the line has lost its address. A keeper on it ends, unless that is not
        so, or there is another line."""
        on = self.alive and truth.status(self.program)[0]["link"] == line.link
        others = any(each.leads() and each.carrier for each in self.lines) or self.vpn
        self.call("--down", "--event", line.link)
        if on and not others and not line.usable():
            self.alive = False

    def hook(self, what, *arguments):
        """A hook is called once, twice, later or never."""
        times = self.random.choice((1, 1, 1, 2, 0, -1))
        for _ in range(times):
            what(*arguments)
        if times < 0:
            self.late.append((what, arguments))

    # What happens to a line

    def goes_up(self, line):
        """It is up, has an address and a route."""
        line.up = line.routed = True
        line.host = line.host or self.random.choice((50, 51, 52))
        ip(f"link set {line.link} up", f"addr replace {line.address()}/24 dev {line.link}",
           line.route())
        self.hook(self.event, line, line.address())

    def goes_down(self, line):
        """It is down, mostly without its address."""
        ip(f"link set {line.link} down")
        line.up = line.routed = False
        if self.random.random() < 0.7:
            self.loses_address(line)

    def flush(self, line):
        """All its addresses go."""
        ip(f"addr flush dev {line.link}")
        line.private = False

    def loses_address(self, line):
        """The address goes, and the route with it."""
        line.host, line.routed = 0, False
        self.flush(line)
        self.hook(self.event_down, line)

    def another_address(self, line):
        """As after a redial: the address goes, another one comes."""
        before = line.host
        self.flush(line)
        line.host, line.routed = 0, False
        if before and self.random.random() < 0.5:
            self.hook(self.event_down, line)
        line.host = self.random.choice([host for host in (50, 51, 52) if host != before])
        self.goes_up(line)

    def same_address_again(self, line):
        """The address goes for a moment."""
        if line.host:
            self.flush(line)
            self.goes_up(line)

    def loses_route(self, line):
        """Somebody removes the default route."""
        line.routed = False
        ip(line.route("del"))

    def route_flaps(self, line):
        """It goes and comes, several times."""
        if line.leads():
            ip(*[line.route("del"), line.route("add")] * self.random.randrange(1, 6))

    def loses_carrier(self, line):
        """The cable is pulled, the address stays."""
        line.carrier = False
        ip(f"link set {line.far} down", box="provider")

    def has_carrier(self, line):
        """And put in again."""
        line.carrier = True
        ip(f"link set {line.far} up", box="provider")

    def carrier_flaps(self, line):
        """For a moment."""
        self.loses_carrier(line)
        self.has_carrier(line)

    def is_blocked(self, line):
        """Protocol 41 does not get through any more, one way or both."""
        line.blocked = True
        ways = self.random.choice((("ingress",), ("egress",), ("ingress", "egress")))
        does = [f"qdisc replace dev {line.far} clsact"] + [
            f"filter add dev {line.far} {way} pref 10 protocol ip basic match "
            "cmp(u8 at 9 layer network eq 41) action drop" for way in ways]
        truth.run("tc", "-n", "provider", "-batch", "-", lines="\n".join(does) + "\n")
        self.tell()

    def passes(self, line):
        """It does again."""
        line.blocked = False
        truth.run("tc", "-n", "provider", "qdisc", "del", "dev", line.far, "clsact")
        self.tell()

    def private_address(self, line):
        """A modem's private address beside it comes or goes."""
        if line.up:
            line.private = not line.private
            word = "replace" if line.private else "del"
            ip(f"addr {word} 192.168.100.2/24 dev {line.link}")

    def made_anew(self, line):
        """The interface goes, and another one has its name and address."""
        ip(f"link del {line.link}")
        self.late = [(what, args) for what, args in self.late if args[0] is not line]
        line.carrier, line.blocked, line.private = True, False, False
        line.host = line.host or 50
        truth.run("ip", "link", "add", line.link, "type", "veth", "peer", "name", line.far,
                  "netns", "provider")
        ip(f"link set {line.far} up", f"addr add {line.network}.1/24 dev {line.far}",
           box="provider")
        self.goes_up(line)

    # What happens elsewhere

    def metrics_change(self):
        """The other default route is the better one now."""
        ip(*[line.route("del") for line in self.lines])
        one, other = self.lines
        one.metric, other.metric = other.metric, one.metric
        ip(*[line.route("add") for line in self.lines if line.leads()])

    def vpn_changes(self):
        """A VPN takes the default route, or gives it back."""
        self.vpn = not self.vpn
        if self.vpn:
            ip("link add vpn0 type dummy", "link set vpn0 up", "addr add 10.8.0.2/24 dev vpn0",
               "route add 0.0.0.0/1 via 10.8.0.1", "route add 128.0.0.0/1 via 10.8.0.1")
        else:
            ip("link del vpn0")

    def server_starts(self):
        """It serves."""
        self.server = subprocess.Popen([ENTER, "provider", "/usr/bin/python3", "-E", "-s", "-S",
                                        TESTS + "/server/dtcpd.py", *SERVER,
                                        "--log", "/run/lab/dtcpd.log"],
                                       stdout=subprocess.PIPE, text=True)
        self.server.stdout.readline()
        self.tell()

    def server_stops(self, number=signal.SIGTERM):
        """It ends, with its tunnels or without a word of them."""
        self.server.send_signal(number)
        self.server.wait()
        self.server = None
        time.sleep(0.2)  # for an ip(8) that it had begun
        left = truth.run("ip", "-n", "provider", "-o", "link", "show", "type", "sit")
        for line in left.splitlines():
            name = line.split()[1].split("@")[0].rstrip(":")
            if name != "sit0":
                ip("link del " + name, box="provider")

    def server_restarts(self):
        """It ends and is there again."""
        self.server_stops(self.random.choice((signal.SIGTERM, signal.SIGKILL)))
        self.server_starts()

    def somebody_meddles(self):
        """Something of the tunnel is removed or changed by others."""
        does = self.random.choice((
            "link del dtcp0", "link set dtcp0 down", "-6 addr flush dev dtcp0",
            "-6 route flush dev dtcp0", "-6 route flush proto 202",
            f"-6 route del unreachable {truth.PREFIX}/48 proto 202",
            f"-6 addr del {truth.PREFIX}1/64 dev lan0", "link set lo down",
            "tunnel change name dtcp0 mode sit remote 192.0.2.9 local 203.0.113.50"))
        self.said.append(does)
        truth.run("ip", *does.split())
        truth.run("ip", "link", "set", "lo", "up")
        self.tell()

    def run_directory_emptied(self):
        """By somebody who tidies up."""
        truth.run("rm", "-rf", truth.RUN)

    def hook_is_late(self):
        """One of those that were to be called."""
        if self.late:
            what, arguments = self.late.pop(self.random.randrange(len(self.late)))
            what(*arguments)

    def by_hand(self):
        """Somebody starts it, or ends it."""
        if self.alive and self.random.random() < 0.3:
            self.call("--down", allowed=(0,))
            self.alive = False
        else:
            self.call("-w", "0", "-p")
            self.alive = True

    def accounts_are_read_again(self):
        """SIGHUP."""
        self.tell(signal.SIGHUP)

    # The day

    def mended(self):
        """What could be mended, as functions and their arguments."""
        found = [] if self.server else [(self.server_starts,)]
        found += [] if self.alive else [(self.by_hand,)]
        for line in self.lines:
            found += [] if line.leads() else [(self.goes_up, line)]
            found += [] if line.carrier else [(self.has_carrier, line)]
            found += [(self.passes, line)] if line.blocked else []
        return found

    def happens(self):
        """One event."""
        mended = self.mended()
        if mended and self.random.random() < 0.45:
            what, *arguments = self.random.choice(mended)
        else:
            line = self.random.choice(self.lines)
            what, *arguments = self.random.choice((
                (self.goes_down, line), (self.goes_up, line), (self.loses_address, line),
                (self.another_address, line), (self.another_address, line),
                (self.same_address_again, line), (self.loses_route, line), (self.route_flaps, line),
                (self.loses_carrier, line), (self.carrier_flaps, line), (self.is_blocked, line),
                (self.private_address, line), (self.made_anew, self.lines[1]),
                (self.metrics_change,), (self.vpn_changes,), (self.somebody_meddles,),
                (self.somebody_meddles,), (self.run_directory_emptied,), (self.hook_is_late,),
                (self.hook_is_late,), (self.by_hand,), (self.accounts_are_read_again,),
                (self.server_restarts,) if self.server else (self.server_starts,),
                (self.server_stops,) if self.server else (self.server_starts,)))
        self.said.append(" ".join([what.__name__] + [line.link for line in arguments]))
        what(*arguments)

    def settles(self):
        """Waits until all is right."""
        begun = time.monotonic()
        can = bool(self.server) and any(line.works() for line in self.lines)
        pause = 0.05
        while True:
            complaint = truth.wrong(self.program, self.alive if self.sure else None, can)
            if not complaint:
                break
            if time.monotonic() > begun + PATIENCE:
                raise Wrong(complaint)
            time.sleep(pause)
            pause = min(1, pause * 1.5)
        self.alive, self.sure = bool(truth.keepers()), True
        return time.monotonic() - begun, self.alive and can

    def goes_on(self, number):
        """One event, or some at once, and what must hold then."""
        some = self.random.choice((1, 1, 1, 1, 2, 3))
        pause = self.random.choice((0, 0, 0.2, 1, 3, 12))
        self.said = []
        try:
            for _ in range(some):
                self.happens()
            self.sure = some == 1
            took, works = self.settles()
        finally:
            print(time.strftime("%T"), f"{number}:", "; ".join(self.said), flush=True)
        print(time.strftime("%T"), f"{'up' if works else 'not up'} after {took:.1f} s", flush=True)
        time.sleep(pause)


def main():
    """The events of a day."""
    program, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    stop = int(sys.argv[4]) if len(sys.argv) > 4 else -1
    day = Day(program, seed)
    day.server_starts()
    begun = time.monotonic()
    try:
        for number in range(count):
            day.goes_on(number)
            if number == stop:
                day.tell(signal.SIGSTOP)
        day.call("--down", allowed=(0,))
        day.alive = False
        day.settles()
        print(f"day: seed={seed} events={count} seconds={time.monotonic() - begun:.0f}\nok")
    except Wrong as error:
        print(f"failed: seed {seed}: {error}")
        sys.exit(1)
    if day.server:
        day.server_stops()


main()
