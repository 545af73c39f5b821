#!/usr/bin/env python3
"""Compares the table in fsm.h's comment with the transitions on standard input.

    fsm_walk --transitions | fsm_table.py src/fsm.h

Each line of input is STATE EVENT NEXT. Fails where the program does what the
table does not name, or the table names what the program never does.
"""
import re
import sys

NAME = r"[A-Z][A-Z_]+"


def rows(comment):
    """Yields each state with its text."""
    state, text = None, ""
    for line in comment.splitlines():
        m = re.match(r" \* *(%s)? *\| ?(.*)" % NAME, line)
        if not m:
            continue
        if m[1]:
            if state:
                yield state, text
            state, text = m[1], ""
        text += " " + m[2]
    yield state, text


def parse_rows(comment):
    """The table as {(state, event): set of next states}."""
    table = {}
    for state, text in rows(comment):
        for sentence in re.split(r"\.(?: |$)", text):
            causes, colon, effects = sentence.partition(":")
            if not colon:
                continue
            causes = re.sub(r"\bafter %s" % NAME, "", causes)
            for event in re.findall(NAME, causes):
                nexts = table.setdefault((state, event), set())
                copy = re.search(r"as (%s) in (%s)" % (NAME, NAME), effects)
                if copy:
                    nexts.add((copy[2], copy[1]))
                else:
                    nexts.update(re.findall(NAME, effects))
    for key, nexts in table.items():
        for n in list(nexts):
            if isinstance(n, tuple):
                nexts.remove(n)
                nexts |= table[n]
    return table


def stand_ins(comment):
    """What else may stand where a state is named: {named: set of others}."""
    others = {}
    prose = " ".join(re.findall(r"^ \* ([^|\n]*)$", comment, re.M))
    pattern = r"(%s(?: and %s)*) (?:stands? )?for (%s(?: or %s)*)\s+where" % ((NAME,) * 4)
    for m in re.finditer(pattern, prose):
        for named in re.findall(NAME, m[1]):
            others.setdefault(named, set()).update(re.findall(NAME, m[2]))
    return others


def closure(nexts, others):
    result = set(nexts)
    todo = list(nexts)
    while todo:
        for n in others.get(todo.pop(), ()):
            if n not in result:
                result.add(n)
                todo.append(n)
    return result


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        comment = re.search(r"/\* The keeper's state machine.*?\*/", f.read(), re.S)[0]
    table, others = parse_rows(comment), stand_ins(comment)
    states = [s for s, _ in rows(comment)]
    last = states.index("END_SCRIPT")
    for state in states[:last]:
        table.setdefault((state, "STOP"), set()).add("END_SCRIPT")
    met = {tuple(line.split()) for line in sys.stdin}
    wrong = []
    for state, event, after in sorted(met):
        allowed = closure(table.get((state, event), ()), others) | {state}
        if after not in allowed:
            wrong.append(f"not in the table: {state} {event}: {after}")
    for (state, event), nexts in sorted(table.items()):
        for after in nexts:
            if (state, event, after) not in met:
                wrong.append(f"only in the table: {state} {event}: {after}")
    print("\n".join(wrong) or f"{len(table)} entries of {len(states)} states match")
    return 1 if wrong or len(states) != 10 or not met else 0


if __name__ == "__main__":
    sys.exit(main())
