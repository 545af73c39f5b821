"""What faults.py looks at: the kernel, dtcp-up's processes and its files."""

import array
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import time

RUN_DIR = "/run/dtcp-up"
NEAR = ["203.0.113.50", "203.0.113.51"]
SIOCGETTUNNEL = 0x89f0
# Process numbers below it are of processes older than this one: none of them is dtcp-up's,
# and numbers under 300 are not given out again (the kernel's RESERVED_PIDS).
FIRST_NUMBER = min(os.getpid(), 300)


class Wrong(Exception):
    """What is not as it should be."""


def until(seconds, what, test):
    """Polls test() until it is true, the more seldom the longer it takes: where nothing
    runs, the lab's time costs none."""
    end, pause = time.monotonic() + seconds, 0.003
    while True:
        found = test()
        if found:
            return found
        if time.monotonic() > end:
            raise Wrong("waited %g s in vain for %s" % (seconds, what))
        time.sleep(pause)
        pause = min(1.3 * pause, 0.05)


def read(path, default=""):
    """A file's text."""
    try:
        with open(path, encoding="latin-1") as file:
            return file.read()
    except OSError:
        return default


def names_in(path):
    """What a folder holds; nothing where there is none."""
    try:
        return os.listdir(path)
    except OSError:
        return []


def names_of_links():
    """Of all interfaces."""
    return {name for _, name in socket.if_nameindex()}


def kernel():
    """Interfaces, IPv6 addresses and routes, without counters and link-local."""
    names = names_of_links()
    addresses = [line.split() for line in read("/proc/net/if_inet6").splitlines()]
    routes = [line.split() for line in read("/proc/net/ipv6_route").splitlines()]
    return (frozenset(names),
            frozenset((a[0], a[2], a[5]) for a in addresses if a[0][:4] != "fe80"),
            frozenset((r[0], r[1], r[2], r[3], r[5], r[9]) for r in routes
                      if r[0][:4] not in ("fe80", "ff00")))


def ends_of(name):
    """The two ends of a tunnel, as the kernel says: local, remote."""
    # Asked for an interface that there is not, the kernel starts modprobe(8) first.
    if name.decode() not in names_of_links():
        return "", ""
    parameters = array.array("B", bytes(52))
    ask = struct.pack("16sP8x", name, parameters.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            fcntl.ioctl(any_socket, SIOCGETTUNNEL, ask)
        except OSError:
            return "", ""
    return tuple(socket.inet_ntoa(parameters[n:n + 4].tobytes()) for n in (44, 48))


def near_end():
    """The near end of the tunnel."""
    return ends_of(b"dtcp0")[0]


def numbers():
    """Of the processes that may be ours."""
    return [name for name in os.listdir("/proc") if name.isdigit() and int(name) >= FIRST_NUMBER]


def process(pid):
    """A process's name, state and parent; None where there is none."""
    found = re.match(r"\d+ \((.*)\) (\S) (\d+)", read("/proc/%s/stat" % pid))
    return found and (found[1], found[2], int(found[3]))


def processes():
    """dtcp-up's, and those it has not reaped: process number to parent."""
    found, parents = {}, {}
    for name in numbers():
        seen = process(name)
        if not seen:
            continue
        parents[int(name)] = seen[2]
        if seen[0] in ("dtcp-up", "leaky") and seen[1] not in "ZX":
            found[int(name)] = seen[2]
    found.update((pid, parent) for pid, parent in parents.items() if parent in found)
    return found


def kill_all():
    """Kills every process of dtcp-up's."""
    for pid in processes():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def state():
    """The state file."""
    return dict(line.partition("=")[::2]
                for line in read(RUN_DIR + "/dtcp0.state").splitlines())


def keeper():
    """The keeper's process number; 0: none, or one that nobody has reaped yet."""
    pid = read(RUN_DIR + "/dtcp0.pid").strip()
    seen = process(pid) if pid.isdigit() else None
    return int(pid) if seen and seen[1] not in "ZX" else 0


def family():
    """A keeper at rest: its process number and the session's, else 0, 0."""
    boss = keeper()
    found = processes() if boss else {}
    rest = [pid for pid in found if pid != boss]
    if boss not in found or len(rest) != 1 or found[rest[0]] != boss:
        return 0, 0
    return boss, rest[0]


class Machine:
    """A dtcp-up, its tunnel, and what is right for it."""

    def __init__(self, program):
        self.program = program
        self.near = 0
        self.down = kernel()
        self.up = None  # known after the first bring-up
        self.descriptors = None
        self.said = ""

    def run(self, *arguments, limit=30):
        """dtcp-up as it is; its status."""
        done = subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=limit, check=False, close_fds=False)
        self.said = done.stdout.decode("latin-1")
        return done.returncode

    def is_down(self):
        """Nothing is left."""
        return not names_in(RUN_DIR) and kernel() == self.down and not processes()

    def is_up(self):
        """All is right, and no process or descriptor too many."""
        now = state()
        if now.get("state") != "up" or now.get("local") != NEAR[self.near]:
            return False
        if self.up and kernel() != self.up or near_end() != NEAR[self.near]:
            return False
        pids = family()
        if not all(pids) or not self.descriptors:
            return all(pids)
        # Fewer where syslog was not there; it is asked again with the next message.
        return all(len(names_in("/proc/%d/fd" % pid)) <= known
                   for pid, known in zip(pids, self.descriptors))

    def learn(self):
        """What the kernel holds, and which descriptors are open, when all is right."""
        self.up = kernel()
        self.descriptors = [len(names_in("/proc/%d/fd" % pid)) for pid in family()]

    def why(self):
        """What differs from what is right with a keeper, or without one."""
        parts = [" ".join(self.said.split())]
        right = self.up if self.up and keeper() else self.down
        for name, now, was in zip(("links", "addresses", "routes"), kernel(), right):
            if now != was:
                parts.append("%s: more %s, less %s" % (name, sorted(now - was), sorted(was - now)))
        parts.append("processes %s, files %s, state %s, near end %s, descriptors %s of %s" % (
            processes(), names_in(RUN_DIR), state().get("state"), near_end(),
            [len(names_in("/proc/%d/fd" % pid)) for pid in family()], self.descriptors))
        return "; ".join(parts)

    def bring_up(self, fails=False):
        """All right, by a call that nothing disturbs. fails: or by a second one, since the
        first was told of a login that somebody's kill has ended meanwhile."""
        if self.is_up():
            return
        status = self.run("--wait", "15", NEAR[self.near])
        if status == 71 and fails and processes():
            status = self.run("--wait", "15", NEAR[self.near])
        if status != 0:
            raise Wrong("the next dtcp-up ended with %d" % status)
        until(5, "the tunnel", self.is_up)

    def take_down(self):
        """Nothing left, by a call that nothing disturbs."""
        if self.is_down():
            return
        status = self.run("--down")
        if status != 0:
            raise Wrong("the next --down ended with %d" % status)
        until(3, "nothing to be left", self.is_down)

    def recover(self):
        """After a wrong run, by whatever it takes."""
        kill_all()
        try:
            self.run("--down")
            self.bring_up()
            self.take_down()
        except (Wrong, subprocess.TimeoutExpired):
            subprocess.run(["ip", "link", "del", "dtcp0"], check=False)
            subprocess.run(["ip", "-6", "route", "flush", "proto", "202"], check=False)
            subprocess.run(["ip", "-6", "addr", "flush", "dev", "lan0", "scope", "global"], check=False)
            for name in names_in(RUN_DIR):
                os.unlink(os.path.join(RUN_DIR, name))
