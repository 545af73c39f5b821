#!/usr/bin/python3
"""What one bring-up does with its time, from a trace of it that
`strace -f -ttt -T -o FILE` wrote: process by process, and wait by wait.

    waits.py FILE [MS]    waits of MS (1) and more are listed

A wait is a system call that returns when something has happened. The first process is
the command; all ends when it has ended, and times count from its start.
"""

import re
import sys

from count import parse

CALL = re.compile(r"^(\w+)\(")
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>")
TOOK = re.compile(r" <(\d+\.\d+)>$")
STARTED = re.compile(r'^execve\("[^"]*?([^"/]+)"')
CHILD = re.compile(r"^(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)(?: <[\d.]+>)?$")
WAITS = {"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "wait4",
         "waitid", "nanosleep", "clock_nanosleep", "read", "recvfrom", "recvmsg", "accept4",
         "connect", "futex", "flock", "pause", "rt_sigtimedwait"}


class Process:
    """One process of the trace."""

    def __init__(self, number, start):
        self.number, self.start, self.end = number, start, start
        self.program, self.parent = None, None
        self.calls, self.begun = 0, None
        self.waits = []  # (start, seconds, call)

    def name(self):
        """Its program, or that of who forked it, and who that is."""
        if self.program or not self.parent:
            return self.program or "?"
        return f"{self.parent.name().split(',')[0]}, by {self.parent.number}"


def shown(name, arguments):
    """A call as it is printed: its name and what fits of its arguments."""
    text = arguments.split(" <unfinished")[0]
    return text if len(text) <= 60 else name + text[len(name):57] + "..."


def finish(process, time, name, text, begun):
    """A call has ended: notes it if it is a wait."""
    took, whole = TOOK.search(text), process.begun or text
    if took and name in WAITS and "_WAKE" not in whole:
        process.waits.append((begun, float(took.group(1)), shown(name, whole)))
    process.end = max(process.end, time, begun + (float(took.group(1)) if took else 0.0))
    process.begun = None


def read(lines):
    """The processes of a trace until the first one ended, in order."""
    processes, parents, order = {}, {}, []
    begun = {}
    for pid, time, text in parse(lines):
        process = processes.get(pid)
        if not process:
            process = processes[pid] = Process(len(order) + 1, time)
            order.append(process)
        process.end = max(process.end, time)
        call, resumed, child = CALL.match(text), RESUMED.match(text), CHILD.match(text)
        if child:
            parents[int(child.group(1))] = pid
        started = STARTED.match(text)
        if started and (text.endswith("<unfinished ...>") or " = 0" in text):
            process.program = started.group(1)
        if call:
            process.calls += 1
            if text.endswith("<unfinished ...>"):
                process.begun, begun[pid] = text, time
            else:
                finish(process, time, call.group(1), text, time)
        elif resumed:
            finish(process, time, resumed.group(1), text, begun.get(pid, time))
        elif text.startswith("+++") and process.number == 1:
            break
    for pid, parent in parents.items():
        if pid in processes:
            processes[pid].parent = processes[parent]
    return order


def report(processes, least):
    """The two tables, as lines."""
    zero, end = processes[0].start, processes[0].end
    yield f"{'process':<24} {'from':>8} {'to':>8} {'waits':>8} {'else':>8} {'calls':>6}   (ms)"
    for one in processes:
        waited = sum(seconds for _, seconds, _ in one.waits)
        yield (f"{one.number:>2} {one.name():<21} {1e3 * (one.start - zero):8.1f} "
               f"{1e3 * (min(one.end, end) - zero):8.1f} {1e3 * waited:8.1f} "
               f"{1e3 * max(0.0, min(one.end, end) - one.start - waited):8.1f} {one.calls:>6}")
    yield ""
    yield f"waits of {least:g} ms and more"
    yield f"{'from':>8} {'to':>8} {'ms':>8}  process"
    every = [(start, seconds, one, call) for one in processes
             for start, seconds, call in one.waits if 1e3 * seconds >= least]
    for start, seconds, one, call in sorted(every, key=lambda wait: wait[0]):
        yield (f"{1e3 * (start - zero):8.1f} {1e3 * (start + seconds - zero):8.1f} "
               f"{1e3 * seconds:8.1f}  {one.number} {one.name()}: {call}")


def main():
    """Prints the report."""
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        processes = read(file)
    if not processes:
        sys.exit(f"{sys.argv[1]}: no trace of strace -f -ttt -T")
    print(*report(processes, float(sys.argv[2]) if len(sys.argv) > 2 else 1.0), sep="\n")


main()
