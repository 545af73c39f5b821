#!/usr/bin/python3
"""Starts the lab's Python programs without starting Python each time, which
takes most of a second in user-mode-linux: it has their modules already, and
forks. lab_python of lab.bash asks it.

    forkserver.py REQUESTS ANSWERS FILE...

REQUESTS and ANSWERS are named pipes, made here; FILEs are the modules, without
`.py`. A request is its number of words, then NAMESPACE (a file), LOG, MODULE
and the arguments of its main(), a zero byte after each; the answer is a line
with the new process's number."""

import ctypes
import gc
import importlib
import os
import signal
import sys

CLONE_NEWNET = 0x40000000  # sched.h
LIBC = ctypes.CDLL(None, use_errno=True)


def words(pipe):
    """The words of each request."""
    buffer = b""
    while True:
        buffer += os.read(pipe, 65536)
        count, _, rest = buffer.partition(b"\0")
        parts = rest.split(b"\0")
        if count and len(parts) > int(count):
            yield [os.fsdecode(part) for part in parts[:int(count)]]
            buffer = b"\0".join(parts[int(count):])


def become(pipe, namespace, log, name, *arguments):
    """In the child: runs that program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(pipe)
    fd = os.open(namespace, os.O_RDONLY)
    if LIBC.setns(fd, CLONE_NEWNET) < 0:
        raise OSError(ctypes.get_errno(), namespace)
    os.close(fd)
    fd = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)
    sys.argv = [name, *arguments]
    sys.modules[name].main()


def main():
    """Serves until it is killed."""
    requests, answers, *files = sys.argv[1:]
    for path in files:
        sys.path.insert(0, os.path.dirname(path))
        importlib.import_module(os.path.basename(path))
    gc.disable()  # it would write to every page that a child shares
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.mkfifo(answers)
    os.mkfifo(requests)
    # For reading and writing, so that there is no end of file between two writers: none
    # for us, and none for a caller who opens ANSWERS while the last one's is being closed.
    pipe = os.open(requests, os.O_RDWR)
    answer = os.open(answers, os.O_RDWR)
    for request in words(pipe):
        pid = os.fork()
        if pid == 0:
            os.close(answer)
            become(pipe, *request)
            return
        os.write(answer, b"%d\n" % pid)


if __name__ == "__main__":
    main()
