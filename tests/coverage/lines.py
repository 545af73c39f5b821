#!/usr/bin/env python3
"""Adds up what gcov counted: lines.py PROJECT BUILD

Prints a row for each file of PROJECT/src and the sum, and writes the lines
that nothing ran to BUILD/missing, with the reason behind those that the file
`explained` knows. An entry there that fits no line of src/ is an error.
"""
import json
import os
import subprocess
import sys


def counts(gcda):
    """What gcov says of one object: of each file its lines."""
    out = subprocess.run(
        ["gcov", "--json-format", "--stdout", gcda],
        capture_output=True, check=True, cwd=os.path.dirname(gcda)).stdout
    for data in out.splitlines():
        for file in json.loads(data)["files"]:
            yield file["file"], file["lines"]


def totals(project, build):
    """For each file of src/ how often its lines were run, and in which function
    they are: {path: {number: count}}, {path: {number: name}}."""
    total, functions = {}, {}
    for folder, _, names in os.walk(build):
        for name in names:
            if not name.endswith(".gcda"):
                continue
            for file, lines in counts(os.path.join(folder, name)):
                path = os.path.relpath(os.path.join(project, file), project)
                if not path.startswith("src/") or not path.endswith(".c"):
                    continue
                known = total.setdefault(path, {})
                for line in lines:
                    number = line["line_number"]
                    known[number] = known.get(number, 0) + line["count"]
                    functions.setdefault(path, {})[number] = line.get("function_name", "")
    return total, functions


def explanations():
    """What the file `explained` says: {(path, function, text of a line): reason}."""
    known, reason = {}, ""
    with open(os.path.dirname(os.path.abspath(__file__)) + "/explained", encoding="ascii") as f:
        for line in f.read().splitlines():
            if line.startswith("src/"):
                place, _, text = line.partition(": ")
                known[(*place.split(), text)] = reason
            elif line:
                reason = line
    return known


def main():
    project, build = sys.argv[1:]
    (total, functions), known = totals(project, build), explanations()
    sources = {os.path.relpath(os.path.join(folder, f), project)
               for folder, _, names in os.walk(project + "/src") for f in names if f.endswith(".c")}
    if sources - set(total):
        sys.exit(f"lines.py: nothing is known of {sorted(sources - set(total))}")
    run = every = explained = 0
    unused = set(known)
    with open(build + "/missing", "w", encoding="ascii") as missing:
        for path in sorted(sources):
            with open(os.path.join(project, path), encoding="utf-8") as f:
                text = [line.strip() for line in f]
            lines = total[path]
            if max(lines) > len(text):
                sys.exit(f"lines.py: {path} has changed since it was built")
            hit = sum(1 for c in lines.values() if c)
            run, every = run + hit, every + len(lines)
            print(f"{100 * hit / len(lines):6.1f} %  {hit:5} of {len(lines):5}  {path}")
            unused -= {(path, f, text[n - 1]) for n, f in functions[path].items()}
            for line in sorted(n for n, c in lines.items() if not c):
                reason = known.get((path, functions[path][line], text[line - 1]), "")
                explained += reason != ""
                print(f"{path} {functions[path][line]}: {text[line - 1]}"
                      + (f"  [{reason}]" if reason else ""), file=missing)
    print(f"{100 * run / every:6.1f} %  {run:5} of {every:5}  lines of src/")
    print(f"{every - run} lines were not run, {explained} of them with a reason "
          "(tests/coverage/explained)")
    if unused:
        sys.exit(f"lines.py: explained, and not in src/: {sorted(unused)}")


if __name__ == "__main__":
    main()
