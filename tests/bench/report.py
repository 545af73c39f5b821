#!/usr/bin/python3
"""Makes the bench's report: `report.py SAMPLES MACHINE.json OUT.json` reads the
lines `FIGURE SUBJECT VALUE`, prints a table and writes all of it as JSON.
`report.py --table OUT.json` prints that table once more."""

import json
import statistics
import sys

MS, KIB, ONE = (1000, "ms"), (1024, "KiB"), (1, "")
SECONDS, US = (1000000, "s"), (1000, "µs")  # of µs, and of ns
DIRTY = (1, "KiB")  # already so in the samples

# Figure, what it is, unit, subject, and goals: (other subject, most times as
# much) or (None, most). A subject whose goal has no number is only shown.
FIGURES = [
    ("up-0.2", "start to the first ordinary ping that is answered, round trip 0.2 ms", MS, "dtcp-up",
     [("floor", 1.3), ("floor-path", None), ("roles", None), ("roles-path", None),
      ("perl", 0.25)]),
    ("up-20", "the same, 20 ms", MS, "dtcp-up",
     [("floor", 1), ("floor-path", None), ("roles", None), ("roles-path", None),
      ("perl", None)]),
    ("up-200", "the same, 200 ms", MS, "dtcp-up",
     [("floor", 1), ("floor-path", None), ("roles", None), ("roles-path", None),
      ("perl", None)]),
    ("round-trips", "round trips that it waits for, from 0.2 and 200 ms", ONE, "dtcp-up",
     [(None, 5), ("floor", None), ("floor-path", None), ("perl", None)]),
    ("redial", "new address to first IPv6 answer, no hook", MS, "dtcp-up",
     [("floor", 1.15), ("floor-path", None), ("roles", None), ("roles-path", None)]),
    ("programs-up", "programs started for a bring-up", ONE, "dtcp-up", [(None, 1)]),
    ("programs-renew", "programs started for a renewal, same address", ONE, "dtcp-up",
     [(None, 0)]),
    ("calls-up", "system calls of a bring-up outside ip", ONE, "dtcp-up", [("floor", None)]),
    ("calls-keepalive", "system calls of a keepalive with path check and look, both roles", ONE,
     "dtcp-up", [(None, 35)]),
    ("calls-keepalive-all", "the same with those that ask for the time, as the lab has no vdso",
     ONE, "dtcp-up", [(None, None)]),
    ("look", "processor time of a keepalive, 10,000 routes of others and 200 tunnels, against none",
     MS, "full", [("empty", 10)]),
    ("dirty", "dirty memory of all that stays (Pss_Dirty)", DIRTY, "dtcp-up",
     [("perl", 0.125), ("sleeper", 3)]),
    ("wake-ups", "wake-ups in a second between keepalives", ONE, "dtcp-up", [(None, 0)]),
    ("size", "size of the stripped binary", KIB, "dtcp-up", [(None, None)]),
    ("many-time", "bring-up, 199 others up, against none", MS, "all", [("one", 1)]),
    ("many-time-floor", "the same of the floor", MS, "all", [("one", None)]),
    ("many-dirty", "dirty memory for a tunnel, 200 against 1", KIB, "all", [("one", 1)]),
    ("many-cpu", "processor time of a keepalive with path check, 200 against 1", MS, "all",
     [("one", 1)]),
    ("many-cpu-floor", "the same of the floor", MS, "all", [("one", None)]),
    ("growth-dirty", "growth over $SESSIONS sessions, bytes", ONE, "dtcp-up", [(None, 0)]),
    ("growth-descriptors", "growth over $SESSIONS sessions, descriptors", ONE, "dtcp-up",
     [(None, 0)]),
    ("far-dirty", "dtcpd: dirty memory of all its processes for each of $CROWD sessions", KIB,
     "dtcpd", [(None, 4), ("bare", None)]),
    ("far-ping", "dtcpd: processor time of a ping, $CROWD sessions", US, "dtcpd", [("bare", 2)]),
    ("far-wake-ups", "dtcpd: wake-ups in a second between events", ONE, "dtcpd", [(None, 0)]),
    ("far-back", "dtcpd: $CROWD clients come within 3 s, until all have their tunnel", SECONDS,
     "new", [(None, 15), ("hand", None), ("again", None)]),
    ("far-programs", "dtcpd: programs run for that", ONE, "new", [(None, 199), ("again", None)]),
    ("far-lost", "dtcpd: connections that ended without a tunnel meanwhile", ONE, "new",
     [(None, 0), ("again", None)]),
    ("far-one", "dtcpd: a login, $CROWD others up, against none", MS, "crowd",
     [("alone", 1.5)]),
    ("far-one-floor", "the same programs run by hand", MS, "crowd", [("alone", None)]),
    ("far-forged", "dtcpd: a forged packet, sent and dropped, $CROWD tunnels against one", US,
     "crowd", [("alone", 1.2), ("nobody", None)]),
]

# What stands for a number in a text, and the sample that has it.
COUNTS = {"$SESSIONS": ("growth-sessions", "dtcp-up"), "$CROWD": ("far-crowd", "dtcpd")}


def read_samples(lines):
    """{figure: {subject: [value, ...]}}, with what follows from others; and
    the lab's kernel."""
    found, kernel = {}, "unknown"
    for line in lines:
        figure, subject, value = line.split()
        if figure == "kernel":
            kernel = value
        else:
            found.setdefault(figure, {}).setdefault(subject, []).append(float(value))
    near, far = found.get("up-0.2", {}), found.get("up-200", {})
    for subject in near.keys() & far.keys():
        base = statistics.median(near[subject])
        found.setdefault("round-trips", {})[subject] = [
            (value - base) / 199800 for value in far[subject]]
    return found, kernel


def summary(values, scale):
    """Median and spread, in the unit that is shown."""
    values = sorted(value / scale for value in values)
    quartiles = statistics.quantiles(values, n=4, method="inclusive") \
        if len(values) > 1 else values * 3
    return {"median": statistics.median(values), "low": quartiles[0], "high": quartiles[2],
            "min": values[0], "max": values[-1], "n": len(values)}


def judge(own, other, goal, figure):
    """(ratio, whether the goal is met) of a subject beside another or alone."""
    if other is None:
        # A round trip is waited for as a whole or not at all.
        value = round(own["median"]) if figure == "round-trips" else own["median"]
        return None, None if goal is None else value <= goal
    ratio = own["median"] / other["median"] if other["median"] else None
    if goal is None or ratio is None:
        return ratio, None
    return ratio, round(ratio, 2) <= goal


def evaluate(samples):
    """A list of what was measured of each figure."""
    done = []
    for name, text, (scale, unit), subject, goals in FIGURES:
        taken = samples.get(name, {})
        if subject not in taken:
            continue
        for word, (count, who) in COUNTS.items():
            text = text.replace(word, f"{samples.get(count, {}).get(who, [0])[0]:,.0f}")
        figure = {"figure": name, "text": text,
                  "unit": unit, "subject": subject, "goals": [],
                  "subjects": {who: summary(values, scale) for who, values in taken.items()}}
        for other, goal in goals:
            if other is not None and other not in taken:
                continue
            ratio, met = judge(figure["subjects"][subject],
                               figure["subjects"].get(other), goal, name)
            figure["goals"].append({"against": other, "goal": goal, "ratio": ratio, "met": met})
        done.append(figure)
    return done


def number(value):
    """Three digits that count."""
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def shown(what, unit):
    """A median with its quartiles."""
    text = number(what["median"]) + (" " + unit if unit else "")
    if what["low"] != what["high"]:
        text += f" ({number(what['low'])} to {number(what['high'])})"
    return text


def rows(figures):
    """The table's rows, the head first."""
    yield "figure", "dtcp-up", "against", "ratio", "goal", ""
    for figure in figures:
        first = True
        for goal in figure["goals"]:
            other, against = goal["against"], ""
            if other:
                against = f"{other} {shown(figure['subjects'][other], figure['unit'])}"
            limit = "" if goal["goal"] is None else f"≤ {goal['goal']:g}"
            yield (figure["text"] if first else "",
                   shown(figure["subjects"][figure["subject"]], figure["unit"]) if first else "",
                   against, "" if goal["ratio"] is None else f"{goal['ratio']:.2f}", limit,
                   {True: "met", False: "MISSED", None: ""}[goal["met"]])
            first = False


def table(figures):
    """The rows as a table that is also Markdown."""
    cells = list(rows(figures))
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def main():
    """Reads, prints, writes."""
    if sys.argv[1] == "--table":
        with open(sys.argv[2], encoding="utf-8") as file:
            print(table(json.load(file)["figures"]))
        return
    path, machine_path, out = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        samples, kernel = read_samples(file.read().splitlines())
    with open(machine_path, encoding="utf-8") as file:
        machine = json.load(file)
    machine["lab_kernel"] = kernel
    figures = evaluate(samples)
    print("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in machine.items()))
    print()
    print(table(figures))
    print("\nMedians, in brackets the quartiles; runs: "
          + ", ".join(f"{figure['figure']} {min(s['n'] for s in figure['subjects'].values())}"
                      for figure in figures))
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "figures": figures}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
