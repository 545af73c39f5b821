#!/usr/bin/python3
"""Many sessions, or many moves, of one keeper, and what they leave.

    soak.py sessions|moves PROGRAM COUNT LOOKS ADDRESS ADDRESS

Runs in the lab, in the customer's box, with the DTCP server of the tests and
both addresses on wan. What is looked at, it looks at while the tunnel is up
and its path check is over: after a hundredth of COUNT (20 at least), when
buffers that stay are filled, and LOOKS times after that, evenly, the last at the end. Prints a
line for each look, and last `ok` or `failed` and why: nothing may have grown."""

import glob
import os
import signal
import subprocess
import sys
import time

from truth import read

RUN = "/run/dtcp-up/dtcp0"
EVENTS = "/run/lab/dtcpd-events.log"
CONTROL = "/run/lab/dtcpd-control"
LIFE = 30  # milliseconds that a session lasts

part, program, count, parts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
addresses = sys.argv[5:7]


def output(*command):
    """What a command prints, as lines."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def state():
    """The state file's words."""
    return dict(line.split("=", 1) for line in read(RUN + ".state").splitlines())


def wait(what, seconds, test):
    """Waits until test() is true."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            sys.exit(f"failed: waited {seconds} s in vain for {what}: {state()}")
        time.sleep(0.005)


class Server:
    """What is told to the DTCP server, and what it tells."""

    def __init__(self):
        self.log = open(EVENTS, encoding="utf-8", errors="replace")
        self.count = {}
        self.token = 0

    def events(self, name):
        """How often this happened so far."""
        for line in self.log:
            event = line.split(" ", 3)[2].strip()
            self.count[event] = self.count.get(event, 0) + 1
        return self.count.get(name, 0)

    def set(self, switch):
        """Changes a switch."""
        before = self.events("control-ok")
        self.token += 1
        with open(CONTROL, "w", encoding="ascii") as control:
            control.write(f"soak{self.token} set {switch}\n")
        wait(f"the server to set {switch}", 10, lambda: self.events("control-ok") > before)


server = Server()
late = []
looks = []


def up_from(address):
    """Whether the tunnel is up from there."""
    now = state()
    return now.get("state") == "up" and now.get("local") == address


def hang_up():
    """The keeper is told to try again, which it does at once while it waits."""
    os.kill(int(read(RUN + ".pid")), signal.SIGHUP)


def session(_):
    """Waits for the end that the server makes of a session, and for the next one."""
    before = int(state()["reconnects"])
    ended = server.events("ended")
    wait("the end of a session", 20, lambda: server.events("ended") > ended)
    hang_up()
    end = time.monotonic() + 2
    while int(state()["reconnects"]) == before:
        if time.monotonic() > end:
            late.append(before)
            hang_up()
            end = time.monotonic() + 20
        time.sleep(0.002)


def call(*arguments):
    """A call of dtcp-up that must succeed."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode:
        sys.exit(f"failed: {arguments}: {done.returncode}: {done.stderr}")


def move(number):
    """To the other address: by a call as a hook does, or, each fourth time,
    without one, because the address has gone. That one the last call named, so
    the tunnel is back there when it has come again; the next call finds it there."""
    target = addresses[(number + 1) % 2]
    if number % 4 == 3:
        named = addresses[number % 2]
        subprocess.run(["ip", "addr", "del", named + "/24", "dev", "wan"], check=True)
        wait("a move to " + target, 30, lambda: up_from(target))
        subprocess.run(["ip", "addr", "add", named + "/24", "dev", "wan"], check=True)
        wait("the way back to " + named, 30, lambda: up_from(named))
        target = named
    else:
        call("-w", "30", target)
    if not up_from(target):
        sys.exit(f"failed: not up from {target}: {state()}")
    # Of two tunnels between the same addresses the server can make one only.
    wait("the end of the session before", 30,
         lambda: server.events("ended") == server.events("login-ok") - 1)


def memory(pid):
    """Anonymous and proportional memory of a process, in KiB. The former does
    not change when a page that it shares with a child is written to."""
    words = dict(line.split(":", 1) for line in read(f"/proc/{pid}/smaps_rollup").splitlines()[1:])
    return int(words["Anonymous"].split()[0]), int(words["Pss"].split()[0])


def look():
    """What there is, at a fixed point: up, and nothing under way."""
    time.sleep(4)
    keeper = read(RUN + ".pid").strip()
    pids = [path.split("/")[2] for path in glob.glob("/proc/[0-9]*/comm")
            if read(path).strip() in ("dtcp-up", "ip")]
    sessions = [pid for pid in pids if pid != keeper]
    if len(sessions) != 1:
        sys.exit(f"failed: beside the keeper {keeper} there are {sessions}")
    anonymous, pss = memory(keeper)
    session_anonymous, session_pss = memory(sessions[0])
    return {
        "keeper-KiB": anonymous, "session-KiB": session_anonymous, "pss-KiB": pss + session_pss,
        "descriptors": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
        "processes": len([name for name in os.listdir("/proc") if name.isdigit()
                          and read(f"/proc/{name}/cmdline")]) + zombies(),
        "interfaces": len(output("ip", "-o", "link"))
                      + len(output("ip", "-n", "provider", "-o", "link")),
        "addresses": len(output("ip", "-o", "addr")),
        "routes": len(output("ip", "-6", "route", "show", "table", "all"))
                  + len(output("ip", "-4", "route", "show", "table", "all")),
        "files": sum(len(names) for top in ("/run", "/dev/shm") for _, _, names in os.walk(top)),
    }


def zombies():
    """Processes that have ended and that nobody has asked for."""
    return sum(") Z" in read(path) for path in glob.glob("/proc/[0-9]*/stat"))


def rest():
    """The tunnel stays up, from the first address."""
    if part == "sessions":
        server.set("life=0")
        for _ in range(20):
            time.sleep(1)
            if up_from(addresses[0]):
                return
            hang_up()
        sys.exit(f"failed: not up again: {state()}")


def go_on():
    """Goes on after a look."""
    if part == "sessions":
        server.set(f"life={LIFE}")
        hang_up()  # a session that rests has not looked at the switch


def take(number):
    """A look after so many cycles."""
    rest()
    looks.append(look())
    print(part, number, *(f"{k}={v}" for k, v in looks[-1].items()), flush=True)


def main():
    """Cycles and looks."""
    step = {"sessions": session, "moves": move}[part]
    first = max(20, count // 100)
    begun = time.monotonic()
    call("-w", "30", addresses[0])
    go_on()
    for number in range(first + count):
        if number >= first and (number - first) % max(1, count // parts) == 0:
            take(number - first)
            go_on()
        step(number)
    take(count)
    logins = server.events("login-ok")
    print(f"seconds={time.monotonic() - begun:.0f} logins={logins} asked-twice={len(late)}")
    grown = [f"{k} by {looks[-1][k] - v}" for k, v in looks[0].items()
             if looks[-1][k] > v and k != "pss-KiB"]
    if logins < first + count:
        grown.append(f"only {logins} logins")
    print("failed: grown: " + ", ".join(grown) if grown else "ok")


main()
