"""What a day on a bad line (day.py) looks at: the kernel, what --status says, who runs.

Runs in the customer's box of the lab. Each function looks anew."""

import glob
import json
import os
import subprocess

RUN = "/run/dtcp-up"
HOST6 = "2001:db8:6::2"
PREFIX = "2001:db8:c0de::"

KEPT = {  # routes of ours that are there as long as the tunnel is
    f"unreachable {PREFIX}/48 dev lo metric 1024",
    f"unreachable default from {PREFIX}/48 dev lo metric 4294967295"}
LEADING = {  # those into it
    "default dev dtcp0 metric 4096",
    f"default from {PREFIX}/48 dev dtcp0 metric 1024"}
ADDRESSES = {f"dtcp0 {PREFIX}1/128", f"lan0 {PREFIX}1/64"}


def run(*command, lines=None):
    """What a command prints; nothing, where it fails."""
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    return done.stdout


def read(path):
    """What a file says, "" where it is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def programs():
    """dtcp-up's processes that have not ended: number, and whether it is a keeper, which
    leads a session of its own."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        name, _, rest = read(path).partition("(")[2].rpartition(")")
        fields = rest.split()
        pid = path.split("/")[2]
        if name == "dtcp-up" and fields and fields[0] != "Z":
            found.append((int(pid), fields[3] == pid))
    return found


def keepers():
    """The numbers of those that are keepers."""
    return [pid for pid, leads in programs() if leads]


def kernel():
    """Tunnel interfaces and their ends, addresses and routes of dtcp-up's making."""
    said = run("ip", "-6", "-o", "-batch", "-", lines="link show type sit\n"
               "addr show scope global\nroute show table all proto 202\n")
    links, addresses, routes = set(), set(), set()
    for line in said.splitlines():
        words = line.split()
        if "link/sit" in line:
            name, _, below = words[1].rstrip(":").partition("@")
            if name != "sit0":
                at = words.index("link/sit")
                links.add((name, below, words[at + 1], words[at + 3]))
        elif " inet6 " in line:
            addresses.add(f"{words[1]} {words[3]}")
        elif words:
            routes.add(" ".join(words).replace(" proto 202", "").replace(" pref medium", ""))
    return links, addresses, routes


def status(program):
    """What --status --json says of dtcp0, and the exit status."""
    done = subprocess.run([program, "--status", "--json", "-i", "dtcp0"], capture_output=True,
                          text=True, check=False, timeout=60)
    return json.loads(done.stdout)[0], done.returncode


def people(program):
    """The word for it in what --status says to people, and the exit status."""
    done = subprocess.run([program, "--status", "-i", "dtcp0"], capture_output=True,
                          text=True, check=False, timeout=60)
    return done.stdout.removeprefix("dtcp0: ").split()[0].rstrip(","), done.returncode


def ping():
    """Whether an ordinary ping is answered."""
    return subprocess.run(["ping", "-6", "-q", "-c", "1", "-W", "1", HOST6],
                          capture_output=True, check=False).returncode == 0


def wrong_ends(said, links):
    """What of the tunnel is not as --status says."""
    ends = ("dtcp0", said["link"], said["local"], said["remote"])
    return "" if links == {ends} else f"the tunnel is {links}, --status has {ends}"


def wrong_kernel(said):
    """What the kernel has too much, lacks, or has otherwise than --status says."""
    links, addresses, routes = kernel()
    up = said["state"] == "up"
    wanted = (KEPT if links else set()) | (LEADING if up else set())
    if said["state"] == "down" and links:
        return f"there is {links}"
    if routes != wanted:
        return f"routes too many {routes - wanted}, missing {wanted - routes}"
    if addresses & ADDRESSES != (ADDRESSES if links else set()) or addresses - ADDRESSES:
        return f"addresses are {addresses}"
    if up:
        return wrong_ends(said, links)
    return ""


def wrong(program, alive, can):
    """What is wrong, "" where all is right. alive: whether a keeper is to run (None:
    either is right); can: whether IPv6 is to work where one does."""
    running = keepers()
    if len(running) > 1 or (alive is not None and len(running) != int(alive)):
        return f"keepers: {running}"
    said, code = status(program)
    works = bool(running) and can
    if (said["state"] == "up") != works or (code == 0) != works:
        return f"--status: {code}, {said}"
    if said["pid"] != (running[0] if running else None):
        return f"--status has process {said['pid']}, not {running}"
    complaint = wrong_kernel(said)
    if complaint:
        return complaint
    files = sorted(os.listdir(RUN)) if os.path.isdir(RUN) else []
    if files != ["dtcp0.pid", "dtcp0.sock", "dtcp0.state"][:3 * len(running)]:
        return f"{RUN} has {files}"
    if ping() != works:
        return "a ping is " + ("not answered" if works else "answered")
    if people(program) != (said["state"], code):
        return f"--status says {people(program)} to people and {said['state']} to programs"
    return ""
