#!/usr/bin/python3
"""Counts in a trace that `strace -f -ttt -o FILE` wrote.

    count.py up FILE           system calls outside ip, and programs, of a
                               command and what it started, until it returned
    count.py programs FILE     programs that were started, the first included
    count.py keepalives FILE   system calls of each bout of work between waits:
                               those that do not ask for the time, and all
"""

import re
import sys

LINE = re.compile(r"^(\d+) +(\d+\.\d+) (.*)$")
STARTED = re.compile(r"^(execve\(|<\.\.\. execve resumed).*= 0$")
CLOCK = re.compile(r"^(clock_gettime|gettimeofday|time)\(")  # none where there is a vdso
GAP = 0.4  # seconds without a call: the next one belongs to another bout


def parse(lines):
    """Yields process, time and what happened."""
    for line in lines:
        found = LINE.match(line)
        if found:
            yield int(found.group(1)), float(found.group(2)), found.group(3)


def is_call(what):
    """Whether this line is the beginning of a system call."""
    return not what.startswith(("<... ", "+++", "---"))


def programs(lines):
    """How many programs were started."""
    return sum(1 for _, _, what in parse(lines) if STARTED.match(what))


def bring_up(lines):
    """(calls outside ip, programs besides the command) until the command, the
    first process, has ended."""
    calls, started, first, tried, is_ip = 0, -1, None, {}, set()
    for pid, _, what in parse(lines):
        first = first or pid
        if pid == first and what.startswith("+++ exited"):
            break
        if is_call(what) and pid not in is_ip:
            calls += 1
        if what.startswith("execve("):
            tried[pid] = what
        if STARTED.match(what):
            started += 1
            if re.match(r'execve\("[^"]*/ip"', tried.get(pid, "")):
                is_ip.add(pid)
    return calls, started


def keepalives(lines):
    """The calls of each bout that pinged: but for the clock, and all. A call that waits was begun at the end
    of the bout before, and counts there. The first and the last bout may be cut
    by the tracing's beginning and end."""
    bouts, last = [], None
    for _, time, what in parse(lines):
        if last is None or time - last > GAP:
            bouts.append([])
        last = time
        bouts[-1].append(what)
    calls = [[what for what in bout if is_call(what)] for bout in bouts[1:-1]
             if any('"ping' in what for what in bout)]
    return [(sum(1 for what in bout if not CLOCK.match(what)), len(bout)) for bout in calls]


def main():
    """Prints the counts, blank-separated or one a line."""
    mode, path = sys.argv[1:]
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    if mode == "up":
        print(*bring_up(lines))
    elif mode == "programs":
        print(programs(lines))
    elif mode == "keepalives":
        for but_clock, every in keepalives(lines):
            print(but_clock, every)
    else:
        sys.exit(64)


if __name__ == "__main__":
    main()
