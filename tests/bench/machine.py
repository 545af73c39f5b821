#!/usr/bin/python3
"""Describes the machine for the bench's report, as JSON: once before, and with
`--after FILE` once more, adding the load at the end."""

import json
import os
import platform
import re
import subprocess
import sys


def read(path):
    """What a file says, or nothing."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def first_line(*command):
    """The first line that a command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=10)
    except OSError:
        return "unknown"
    return (done.stdout + done.stderr).strip().split("\n")[0]


def matched(pattern, text):
    """The first group of PATTERN in TEXT, or `unknown`."""
    found = re.search(pattern, text, re.M)
    return found.group(1).strip().strip('"') if found else "unknown"


def load():
    """The load of the last minute."""
    return read("/proc/loadavg").split(" ")[0]


def describe():
    """What may matter for the figures."""
    memory = matched(r"^MemTotal:\s*(\d+)", read("/proc/meminfo"))
    return {
        "processor": matched(r"^model name\s*:(.*)", read("/proc/cpuinfo")),
        "processors": len(os.sched_getaffinity(0)),
        "memory_mib": int(memory) // 1024 if memory.isdigit() else memory,
        "system": matched(r"^PRETTY_NAME=(.*)", read("/etc/os-release")),
        "kernel": platform.release(),
        "iproute2": first_line("ip", "-V"),
        "compiler": first_line("cc", "--version"),
        "perl": matched(r"(v5[.\d]+)", first_line("perl", "-e", "print $^V")),
        "load_before": load(),
    }


def main():
    """Prints the description."""
    if sys.argv[1:2] == ["--after"]:
        with open(sys.argv[2], encoding="utf-8") as file:
            what = json.load(file)
        what["load_after"] = load()
    else:
        what = describe()
    json.dump(what, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
