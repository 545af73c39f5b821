#!/usr/bin/python3
"""Prints the texts of C files that are said to a person and stand in no table.

    said.py FILE... -- TABLE...

A text is a string literal of two words or more, those that follow each other joined;
what printf() puts in may be anything. EXEMPT are texts that are said to no person, or
where nothing fails."""

import re
import sys

EXEMPT = re.compile(r"""
    (?:link|address|route|tunnel|qdisc|filter)\ (?:%s\ )?(?:add|set|change|del|show|unreachable)\  # lines for ip and tc
    | (?:tunnel|process|prefix|netns)\ %         # of the state file
    | (?:user|listen|idle|script)\         # what --check and --status print
    | [ ]*(?:prefix|host|interface|mtu|ttl|tunnelonly)=
    | [ ]\ |dtcpd\ is\ (?:(?:not\ )?running|starting)|none\ yet|usage:\ dtcpd|dtcpd\ \\n|%s:\ %s,\ %s
    | \\"|%s\\"
    | %s:\ [CS]:                           # the dialogue, with --verbose
    | it\ said\ nothing$                   # stands in for the words of ip
    | no\ prefix$
    """, re.VERBOSE)
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*(?:[A-Z_]+\s*)?"(?:[^"\\\n]|\\.)*")*')
CONVERSION = re.compile(r"%[-0-9.*]*(?:ll|z)?[a-z]|%%")


def texts_of(path):
    """Its literals of two words or more, joined, without line ends."""
    with open(path, encoding="ascii") as file:
        source = file.read()
    source = re.sub(r"/\*.*?\*/|^#include.*?$|'\\?\"'", "", source, flags=re.DOTALL | re.MULTILINE)
    for found in LITERAL.findall(source):
        text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found))
        text = text.replace(r"\r\n", "")
        if re.search(r"[a-z]{2}\W* \W*[a-z%]|: %m|^-ERR ", text) and not EXEMPT.match(text):
            yield text


def pattern_of(text):
    """What the table has of it."""
    return "".join(".+" if CONVERSION.fullmatch(part) else re.escape(part)
                   for part in re.split("(%s)" % CONVERSION.pattern, text) if part)


def main():
    """Returns the exit status."""
    split = sys.argv.index("--")
    table = "".join(open(path, encoding="utf-8").read() for path in sys.argv[split + 1:])
    said, missing = 0, 0
    for path in sys.argv[1:split]:
        for text in texts_of(path):
            said += 1
            if not re.search(pattern_of(text), table):
                missing += 1
                print("%s: %s" % (path, text))
    print("%d texts, %d in no table" % (said, missing))
    return 1 if missing or not said else 0


if __name__ == "__main__":
    sys.exit(main())
