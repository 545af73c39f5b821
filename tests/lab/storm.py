#!/usr/bin/python3
"""Starts and stops dtcp-up at random, from four threads at a time.

    storm.py PROGRAM ADDRESS CALLS

Each call's exit status must be one that can be true at that moment: 0 from
--down; 0, or 71 (ended while it came up), from a start that waits; 0 or 75
from one that does not; 0 or 1 from --status. On a machine that is very busy an
ip(8) may take too long: 71 with that message is true too, but must be rare. Between rounds, while all rest,
it must be true exactly: after --down nothing runs, after a start it is up. A
watcher counts keepers all the while: never two. The last line is `ok CALLS`,
or `failed` and why."""

import json
import os
import random
import subprocess
import sys
import threading
import time

program, address, calls = sys.argv[1:3] + [int(sys.argv[3])]
wrong = []
slow = []
seen = []
over = threading.Event()
left = threading.Semaphore(calls)

CALLS = {
    "start": (["-w", "10", address], (0, 71)),
    "hook": (["-w", "0", address], (0, 75)),
    "down": (["--down"], (0,)),
    "status": (["--status", "--json"], (0, 1)),
}


def call(name):
    """One call; returns its status."""
    arguments, allowed = CALLS[name]
    done = subprocess.run([program] + arguments, capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode == 71 and "ended at its time limit" in done.stderr:
        slow.append(name)
        return done.returncode
    if done.returncode not in allowed:
        wrong.append(f"{name}: {done.returncode}: {done.stderr}")
    if name == "start" and done.returncode == 71 and "ended while" not in done.stderr:
        wrong.append(f"start: 71: {done.stderr}")
    if name == "status":
        json.loads(done.stdout)
    return done.returncode


def work(seed):
    """Calls until there are none left."""
    chance = random.Random(seed)
    names = ["start", "hook", "down", "down", "status"]
    while not wrong and left.acquire(blocking=False):
        call(chance.choice(names))


def keeper(pid):
    """Whether a process leads a session of its own and has a signalfd: a keeper
    opens it once it has the lock, and closes it last of all. Its children have
    it too, until they run another program, but lead no session."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            name, fields = stat.read().split("(", 1)[1].rsplit(")", 1)
        if name != os.path.basename(program) or fields.split()[3] != pid:
            return False
        folder = f"/proc/{pid}/fd"
        return any("signalfd" in os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder))
    except OSError:
        return False


def keepers():
    """The processes that are keepers, by their numbers."""
    return {pid for pid in os.listdir("/proc") if pid.isdigit() and keeper(pid)}


def watch():
    """Counts keepers for ever. One look takes a while, in which one may end and
    another start, and a keeper that has removed all and let go of the lock still
    has to exit: two are two when they are seen in three looks in a row."""
    before = earlier = set()
    while not over.is_set():
        found = keepers()
        if len(found & before & earlier) > 1:
            wrong.append("two keepers: " + " ".join(sorted(found)))
        seen.append(len(found))
        before, earlier = found, before
        over.wait(0.01)


def settle():
    """While nobody else calls, the truth is exact."""
    if call("start") != 0 or call("status") != 0 or len(keepers()) != 1:
        wrong.append("not up when all rest")
    if call("down") != 0 or call("status") != 1:
        wrong.append("not down when all rest")
    until = time.monotonic() + 2
    while keepers() and time.monotonic() < until:
        time.sleep(0.05)
    if keepers():
        wrong.append("a keeper after --down")


def main():
    """Rounds of a fresh storm and a calm."""
    threading.Thread(target=watch, daemon=True).start()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if len(slow) > calls / 20:
        wrong.append(f"ip took too long {len(slow)} times")
    settle()
    over.set()
    if not any(seen):
        wrong.append(f"no keeper was seen in {len(seen)} looks")
    print("\n".join(wrong))
    print(f"failed: {wrong[0]}".replace("\n", " ") if wrong else f"ok {calls}")


main()
