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
    """What gcov says of one object: {file: {line: count}}."""
    out = subprocess.run(
        ["gcov", "--json-format", "--stdout", gcda],
        capture_output=True, check=True, cwd=os.path.dirname(gcda)).stdout
    for data in out.splitlines():
        for file in json.loads(data)["files"]:
            yield file["file"], {l["line_number"]: l["count"] for l in file["lines"]}


def totals(project, build):
    """The sum for each file of src/: {path: {line: count}}."""
    total = {}
    for folder, _, names in os.walk(build):
        for name in names:
            if not name.endswith(".gcda"):
                continue
            for file, lines in counts(os.path.join(folder, name)):
                path = os.path.relpath(os.path.join(project, file), project)
                if not path.startswith("src/") or not path.endswith(".c"):
                    continue
                known = total.setdefault(path, {})
                for line, count in lines.items():
                    known[line] = known.get(line, 0) + count
    return total


def explanations():
    """What the file `explained` says: {(path, text of a line): reason}."""
    known, reason = {}, ""
    with open(os.path.dirname(os.path.abspath(__file__)) + "/explained", encoding="ascii") as f:
        for line in f.read().splitlines():
            if line.startswith("src/"):
                path, _, text = line.partition(": ")
                known[path, text] = reason
            elif line:
                reason = line
    return known


def main():
    project, build = sys.argv[1:]
    total, known = totals(project, build), explanations()
    sources = {"src/" + f for f in os.listdir(project + "/src") if f.endswith(".c")}
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
            unused -= {(path, line) for line in text}
            for line in sorted(n for n, c in lines.items() if not c):
                reason = known.get((path, text[line - 1]), "")
                explained += reason != ""
                print(f"{path}:{line}: {text[line - 1]}" + (f"  [{reason}]" if reason else ""),
                      file=missing)
    print(f"{100 * run / every:6.1f} %  {run:5} of {every:5}  lines of src/")
    print(f"{every - run} lines were not run, {explained} of them with a reason "
          "(tests/coverage/explained)")
    if unused:
        sys.exit(f"lines.py: explained, and not in src/: {sorted(unused)}")


if __name__ == "__main__":
    main()
