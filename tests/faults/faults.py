#!/usr/bin/env python3
"""Lets every system call of dtcp-up fail once, with every error that it can
plausibly return, and kills its process there once. Runs in the lab (see
faults.bash), in the customer's namespace.

Of dtcpd, the far end, far.py does the same, with phases of its own.

  faults.py [--phase PHASE]... [--part N/OF] [--only REGEX] [--one-error]
            [--seconds S] [--traces N] PROGRAM

A phase (up, ping, reconnect, move, down; again and clean: dtcp-up and --down after
a keeper was killed) is first run as it is, under `fail`, which writes down its
system calls. Then it is run once for each of them and each error. After each run
either all is right, or dtcp-up ended with a status that is documented, said why,
and left nothing. After a kill the next dtcp-up and --down put all right. Ends
with 1 where that was not so for some run, or where a call never failed.
"""

import argparse
import collections
import errno
import itertools
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from errors import faults_of  # noqa: E402
from machine import Machine, Wrong, read  # noqa: E402
from phases import PHASES, Phase  # noqa: E402

TRIES = 3      # until the call is met
LATE_TRIES = 20  # after all others, for one of whose kind none was met
TRACE = "/run/lab/trace"


class Report:
    """What came of the runs."""

    def __init__(self):
        self.runs, self.wrong, self.unmet = 0, [], []
        self.made = set()  # calls that a run made in which they were to fail and did not
        self.distinct = collections.Counter()

    def print(self):
        """The figures; whether all was well."""
        for call in self.unmet:
            print("NEVER FAILED %s" % call)
        print("%d runs, %d distinct failures, %d wrong, %d calls that never failed" % (
            self.runs, len(self.distinct), len(self.wrong), len(self.unmet)))
        return self.runs > 0 and not self.wrong and not self.unmet

    def try_fault(self, phase, call, error, tries=TRIES):
        """Lets one call fail; whether it was met."""
        number = {"kill": "kill", "SUCCESS": "0"}.get(error) or str(getattr(errno, error))
        label = "%s %s %s" % (phase.name, call, error)
        started = time.monotonic()
        try:
            for _ in range(tries):
                self.runs += 1
                if phase.run("%s=%s" % (call, number), TRACE):
                    self.distinct[phase.name + " " + re.sub(r"\d+$", error, call)] += 1
                    return True
                if call in read(TRACE).split():
                    self.made.add(call)
            return False
        except (Wrong, subprocess.TimeoutExpired) as problem:
            self.wrong.append(label)
            print("WRONG %s: %s: %s" % (label, problem, phase.machine.why()), flush=True)
            phase.machine.recover()
            return True
        finally:
            if os.environ.get("FAULTS_TIMES"):
                print("%4d ms %s" % (1000 * (time.monotonic() - started), label), flush=True)


def kind(call):
    """ROLE:CALL of ROLE:CALL:N."""
    return call.rpartition(":")[0]


def calls_of(phase, runs):
    """The calls of a phase. How often it polls is a matter of luck, so these are
    the calls that each of some runs made, and one of each kind that any made. Also
    those of them that one run alone made, as all are where there was one, which need
    not come again."""
    trace, traces = "/run/lab/trace-" + phase.name, []
    for _ in range(runs):
        phase.run(None, trace)
        traces.append(dict.fromkeys(read(trace).split()))
    calls = [c for c in traces[0] if all(c in made for made in traces)]
    kinds = {kind(c) for c in calls}
    for call in itertools.chain(*traces):
        if kind(call) not in kinds:
            calls.append(call)
            kinds.add(kind(call))
    return calls, {c for c in calls if sum(c in made for made in traces) == 1}


def one_error(faults):
    """Of the faults one for each call, where there are several the next one each
    time, and no kill."""
    errors = {}
    for call, error in faults:
        if error != "kill":
            errors.setdefault(call, []).append(error)
    for turn, (call, known) in enumerate(errors.items()):
        yield call, known[turn % len(known)]


def one_phase(report, phase, options, seconds):
    """Every chosen fault of a phase."""
    started = time.monotonic()
    share, of = options.part
    calls, rare = calls_of(phase, options.traces)
    faults = list(faults_of(calls))
    if options.one_error:
        faults = list(one_error(faults))
    chosen = [f for i, f in enumerate(faults) if i % of == share % of
              and re.search(options.only, ":".join((phase.name, *f)))]
    print("%s: %d calls, %d faults, %d of them to try" % (
        phase.name, len({call for call, _ in faults}), len(faults), len(chosen)), flush=True)
    tried, met = [], set()
    for call, error in chosen:
        if time.monotonic() > started + seconds:
            print("%s: the time is over" % phase.name)
            break
        tried.append((call, error))
        if report.try_fault(phase, call, error):
            met.add(call)
    # The last polls of a slow run are in no quick one; others of their kind are.
    kinds = {kind(call) for call in met}
    for call, error in tried:
        if kind(call) not in kinds and report.try_fault(phase, call, error, LATE_TRIES):
            met.add(call)
            kinds.add(kind(call))
    missing = [c for c in dict.fromkeys(c for c, _ in tried) if c not in met]
    report.unmet += ["%s %s" % (phase.name, c) for c in missing
                     if c in report.made or (kind(c) not in kinds and c not in rare)]
    print("%s: %d calls were in no later run" % (phase.name, len(missing)))
    print("%s: %d s" % (phase.name, time.monotonic() - started), flush=True)


def part(text):
    """N/OF, counted from 0."""
    share, of = map(int, text.split("/"))
    return share, of


def options_of(phases):
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--phase", action="append", choices=phases)
    parser.add_argument("--part", type=part, default=(0, 1), metavar="N/OF")
    parser.add_argument("--seconds", type=float, default=1e9, help="shared by the phases")
    parser.add_argument("--traces", type=int, default=6, help="runs that show which calls there are")
    parser.add_argument("--one-error", action="store_true", help="one for each call, no kill")
    parser.add_argument("--only", default="", help="a regular expression of faults")
    parser.add_argument("program")
    options = parser.parse_args()
    options.phase = options.phase or phases
    return options


def all_phases(options, machine, kind_of_phase):
    """Every chosen fault of the chosen phases; the exit status."""
    report = Report()
    for name in options.phase:
        one_phase(report, kind_of_phase(machine, name), options, options.seconds / len(options.phase))
    machine.take_down()
    return 0 if report.print() else 1


def main():
    """Returns the exit status."""
    options = options_of(PHASES)
    machine = Machine(options.program)
    machine.bring_up()
    machine.learn()
    machine.take_down()
    return all_phases(options, machine, Phase)


if __name__ == "__main__":
    sys.exit(main())
