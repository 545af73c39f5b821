#!/usr/bin/python3
"""Starts and stops dtcp-up at random, from four threads at a time.

    storm.py PROGRAM ADDRESS RUN-DIR CALLS

Each call's exit status must be one that can be true at that moment: 0 from
--down; 0, or 71 (ended while it came up), from a start that waits; 0 or 75
from one that does not; 0 or 1 from --status. On a machine that is very busy an
ip(8) may take too long: 71 with that message is true too, but must be rare. Between rounds, while all rest,
it must be true exactly: after --down nothing runs, after a start it is up. A
watcher counts keepers all the while: never two. The last line is `ok CALLS`,
or `failed` and why."""

import glob
import json
import os
import random
import subprocess
import sys
import threading

program, address, run_dir, calls = sys.argv[1:4] + [int(sys.argv[4])]
wrong = []
slow = []
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
    lot = random.Random(seed)
    names = ["start", "hook", "down", "down", "status"]
    while not wrong and left.acquire(blocking=False):
        call(lot.choice(names))


def keepers():
    """Processes that hold the lock of a pidfile, and lead a session of their own."""
    found = []
    for path in glob.glob("/proc/[0-9]*/fd"):
        try:
            links = [os.readlink(f"{path}/{fd}") for fd in os.listdir(path)]
        except OSError:
            continue
        if f"{run_dir}/dtcp0.pid" in links and any("signalfd" in l for l in links):
            found.append(path)
    return found


def watch():
    """Counts keepers for ever."""
    while not over.is_set():
        found = keepers()
        if len(found) > 1:
            wrong.append("two keepers: " + " ".join(found))
        over.wait(0.1)


def settle():
    """While nobody else calls, the truth is exact."""
    if call("start") != 0 or call("status") != 0 or len(keepers()) != 1:
        wrong.append("not up when all rest")
    if call("down") != 0 or call("status") != 1 or keepers():
        wrong.append("not down when all rest")


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
    print("\n".join(wrong))
    print(f"failed: {wrong[0]}".replace("\n", " ") if wrong else f"ok {calls}")


main()
