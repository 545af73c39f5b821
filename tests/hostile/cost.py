#!/usr/bin/python3
"""What a program costs, together with all that it starts.

    cost.py SECONDS COMMAND...

Runs COMMAND, ends it by SIGTERM after SECONDS, waits for all of its processes
and prints: the processor time of all of them in ms, from their start to their
end; the most memory that they had at one time, in KiB; how many they were; the
seconds that passed; the exit status.

Each process is traced (ptrace(2)), but stops only when it starts and ends, so
that none is too short to be counted. Memory is the anonymous one, a page that
several share counted once; it is looked at whenever a process ends, and ten
times a second."""

import ctypes
import os
import signal
import sys
import time

SEIZE, CONT, LISTEN = 0x4206, 7, 0x4208
FORK, VFORK, CLONE, EXEC, EXIT, STOP = 1, 2, 3, 4, 6, 128
OPTIONS = sum(1 << event for event in (FORK, VFORK, CLONE, EXEC, EXIT)) | 0x100000

libc = ctypes.CDLL(None, use_errno=True)


def ptrace(request, pid, data):
    """A process that was killed meanwhile is none to go on with."""
    libc.ptrace(request, pid, None, ctypes.c_void_p(data))


def spent(pid):
    """Nanoseconds of processor time."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


def anonymous(pid):
    """KiB that are in no file."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss_Anon:"):
                    return int(line.split()[1])
    except OSError:  # it has ended
        pass
    return 0


class Cost:
    """Of the processes that are traced."""

    def __init__(self, first):
        self.first, self.live = first, {first}
        self.count, self.nanoseconds, self.peak, self.status = 1, 0, 0, 0

    def look(self):
        """Memory of all, now. Before the program begins it is this script's."""
        if self.nanoseconds:
            self.peak = max(self.peak, sum(anonymous(pid) for pid in self.live))

    def event(self, pid, kind, number):
        """A stop that the tracing makes."""
        if kind == EXEC and pid == self.first and not self.nanoseconds:
            self.nanoseconds -= spent(pid)
        elif kind == EXIT:
            self.look()
            self.nanoseconds += spent(pid)
            self.live.discard(pid)
        if kind == STOP and number not in (signal.SIGTRAP, 0):
            ptrace(LISTEN, pid, 0)
            return
        if kind == STOP and pid not in self.live:
            self.live.add(pid)
            self.count += 1
        ptrace(CONT, pid, 0)

    def wait(self):
        """Until the last has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, 0x40000000)
            except ChildProcessError:
                return
            if os.WIFSTOPPED(status):
                number, kind = os.WSTOPSIG(status), status >> 16
                if kind:
                    self.event(pid, kind, number)
                else:
                    ptrace(CONT, pid, number)
            elif pid == self.first:
                self.status = os.waitstatus_to_exitcode(status)


def start(command):
    """A process that becomes COMMAND once it is traced."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.read(ready, 1)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.execv(command[0], command)
    ptrace(SEIZE, pid, OPTIONS)
    os.close(go)
    os.close(ready)
    return pid


def main():
    """Prints one line."""
    began, end = time.monotonic(), time.monotonic() + float(sys.argv[1])
    cost = Cost(start(sys.argv[2:]))

    def tick(*_):
        cost.look()
        if time.monotonic() > end and cost.first in cost.live:
            os.kill(cost.first, signal.SIGTERM)

    signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    cost.wait()
    print(cost.nanoseconds // 1000000, cost.peak, cost.count,
          f"{time.monotonic() - began:.1f}", cost.status)


if __name__ == "__main__":
    main()
