#!/usr/bin/env python3
"""Adds up what gcov counted: lines.py PROJECT BUILD

Prints a row for each file of PROJECT/src and the sum, and writes the lines
that nothing ran to BUILD/missing.
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


def main():
    project, build = sys.argv[1:]
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
    sources = {"src/" + f for f in os.listdir(project + "/src") if f.endswith(".c")}
    if sources - set(total):
        sys.exit(f"lines.py: nothing is known of {sorted(sources - set(total))}")
    run = every = 0
    with open(build + "/missing", "w", encoding="ascii") as missing:
        for path in sorted(sources):
            with open(os.path.join(project, path), encoding="utf-8") as f:
                text = f.read().splitlines()
            lines = total[path]
            if max(lines) > len(text):
                sys.exit(f"lines.py: {path} has changed since it was built")
            hit = sum(1 for c in lines.values() if c)
            run, every = run + hit, every + len(lines)
            print(f"{100 * hit / len(lines):6.1f} %  {hit:5} of {len(lines):5}  {path}")
            for line in sorted(n for n, c in lines.items() if not c):
                print(f"{path}:{line}: {text[line - 1].strip()}", file=missing)
    print(f"{100 * run / every:6.1f} %  {run:5} of {every:5}  lines of src/")


if __name__ == "__main__":
    main()
