"""What dtcp-up does while a call of it fails: the phases of faults.py."""

import os
import re
import select
import subprocess
import time

from machine import NEAR, Wrong, family, keeper, kill_all, processes, read, until

FAIL = os.path.join(os.path.dirname(__file__), "../../build/faults/fail")
COUNTS = os.environ.get("FAULTS_COUNTS")  # where a dtcp-up writes which lines it ran
SERVER_LOG = "/run/lab/dtcpd-events.log"
SERVER_CONTROL = "/run/lab/dtcpd-control"
STATUSES = {64, 69, 71, 76, 77, 78}
PHASES = ("up", "ping", "reconnect", "move", "down", "again", "clean")
AFTER_KILL = ("again", "clean")


class Failer:
    """`fail` with a command, until the phase is over."""

    def __init__(self, command, fault, trace, options, said=subprocess.STDOUT):
        arguments = [FAIL, "-t", trace, *options]
        if COUNTS:
            arguments += ["-u", COUNTS]
        if fault:
            arguments += ["-i", fault]
        self.process = subprocess.Popen(arguments + command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=said,
                                        close_fds=False)
        self.said = ""

    def line(self, mark):
        """What follows mark in the line that begins with it, if there is one yet."""
        found = [x for x in self.said.splitlines(True) if x.startswith(mark) and x[-1] == "\n"]
        return found[0][len(mark):].strip() if found else None

    def listen(self, end, seconds):
        """Reads what is said until end(), its own end, or for so long; what has been said
        by now in any case."""
        limit = time.monotonic() + seconds
        while not end():
            wait = max(0, limit - time.monotonic())
            if not select.select([self.process.stdout], [], [], wait)[0]:
                return
            text = os.read(self.process.stdout.fileno(), 65536)
            if not text:
                return
            self.said += text.decode("latin-1")

    def met(self):
        """Whether the call was met so far."""
        if not self.process.stdout.closed:
            self.listen(lambda: False, 0)
        return self.line("=failed") is not None

    def status(self):
        """Waits for the command's end: its status and what it said."""
        self.listen(lambda: self.line("=exit "), 40)
        status = self.line("=exit ")
        if not status:
            raise Wrong("the command does not end: " + self.said)
        return int(status), re.sub("(?m)^=.*\n", "", self.said)

    def end(self):
        """Lets go. What it followed may live on, and have the pipe that it talks to."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.listen(lambda: False, 0)
        self.process.stdout.close()


def close_connections():
    """The server ends every session."""
    with open(SERVER_CONTROL, "w", encoding="ascii") as control:
        control.write("0 do all close\n")


def logins():
    """How many there were."""
    return read(SERVER_LOG).count(" login-ok ")


def followed():
    """Options of `fail` for a keeper at rest."""
    boss, talker = family()
    return ["-p", "keeper=%d" % boss, "-p", "session=%d" % talker] if boss else []


class Phase:
    """Runs of a phase, with or without a fault."""

    turn = False

    def __init__(self, machine, name):
        self.machine, self.name = machine, name

    def prepare(self):
        """All is right, or, for `up`, nothing is there, or a killed keeper left all."""
        # A keeper whose sessions were short waits longer from time to time.
        if self.name in ("up", "reconnect"):
            self.machine.take_down()
        if self.name != "up":
            self.machine.bring_up()
        if self.name in AFTER_KILL:
            kill_all()
            until(2, "every process to end", lambda: not processes())

    def command(self):
        """What is run meanwhile."""
        m = self.machine
        if self.name == "reconnect":
            return ["/bin/true"]
        if self.name in ("down", "clean"):
            return [m.program, "--down"]
        if self.name == "move":
            m.near = 1 - m.near
        return [m.program, "--wait", "8", NEAR[m.near]]

    def run(self, fault=None, trace="/dev/null"):
        """Returns whether the fault was met."""
        m = self.machine
        self.prepare()
        before, boss = logins(), keeper()
        failer = Failer(self.command(), fault, trace, followed())
        killed = bool(fault) and fault.endswith("=kill")
        try:
            status, m.said = failer.status()
            if self.name == "reconnect":
                close_connections()
            if not (killed and failer.met()) and (not self.starts() or status == 0):
                self.calm(fault, lambda: killed and failer.met() or self.is_over() and (
                    self.name != "reconnect" or logins() > before))
                # What comes last does not always come before all is right.
                failer.listen(lambda: failer.line("=failed") is not None, 1 if fault else 0)
        finally:
            failer.end()
        if killed:
            self.mend()
        else:
            self.settle(status, boss)
        return failer.met()

    def is_over(self):
        """Whether all is as it should be after this phase."""
        return self.machine.is_down() if self.ends() else self.machine.is_up()

    def starts(self):
        """Whether there is no keeper before."""
        return self.name in ("up", *AFTER_KILL)

    def ends(self):
        """Whether there is none after it."""
        return self.name in ("down", "clean")

    def calm(self, fault, test):
        """Follows the keeper until all is as it should be, for a while."""
        try:
            until(0.5 if fault else 60, "the end", test)
        except Wrong:
            if not fault:
                raise

    def settle(self, status, boss):
        """Whether all is right, or is as the status says."""
        m = self.machine
        if status != 0:
            if status not in STATUSES:
                raise Wrong("the status is %d" % status)
            if not m.said.strip():
                raise Wrong("status %d without a message" % status)
        if self.name == "up" and status != 0:
            until(3, "nothing to be left", m.is_down)
        elif self.ends() and status == 0:
            until(2, "nothing to be left", m.is_down)
        elif self.ends() or self.name == "again" and status != 0:
            # What it met may be there still.
            if self.starts():
                until(3, "its processes to end", lambda: not processes())
            m.take_down()
        elif not keeper() or boss and keeper() != boss:
            raise Wrong("the keeper has ended")
        elif not m.is_up():
            # It may wait before it tries again, but not when it is asked.
            m.run("--wait", "15", NEAR[m.near])
            until(5, "the tunnel", m.is_up)

    def mend(self):
        """After a kill, the one or the other puts all right, in turns."""
        m = self.machine
        Phase.turn = not Phase.turn
        if Phase.turn:
            until(10, "a keeper to end or to go on", lambda: not processes() or keeper())
            m.bring_up(fails=True)
        else:
            m.take_down()
