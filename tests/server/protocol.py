"""DTCP as its servers spoke it: digests, challenges and reply lines.

Written from descriptions of the protocol, not from dtcp-up's code, so that a
mistake there is not made twice. Nothing here does any I/O.
"""

import hashlib
import os
import time

# Known lines of the two dialects. KAME's server wants the digest in upper
# case, exactly; Feel6 in lower case.
DIALECTS = {
    "kame": {
        "upper": True,
        "greeting": "+OK %s KAME tunnel server",
        "ping": "+OK hi, happy to hear from you",
        "quit": "+OK see you soon.",
        "help": "+OK valid commands are: TUNNEL PING QUIT",
    },
    "feel6": {
        "upper": False,
        "greeting": "+OK %s FBDC TunnelBroker (version 0.2) Ready. <1817>:4096",
        "ping": "+OK pong",
        "quit": "+OK tunnel server quitting",
        "help": "-ERR invalid command",
    },
}

ERR_AUTH = "-ERR authentication failed."
ERR_TYPE = "-ERR unsupported tunnel type %s"
ERR_SOLD_OUT = "-ERR tunnel interface sold out"
ERR_COMMAND = "-ERR invalid command"
ERR_TIMEOUT = "-ERR connection timed out, disconnecting"


def letter_case(dialect, text):
    """TEXT in the letter case of the dialect's hexadecimal digits."""
    return text.upper() if DIALECTS[dialect]["upper"] else text.lower()


def challenge(dialect, kind):
    """A new challenge. KIND is `random`; `time`, which repeats within a
    second as KAME's does; or the very text to use."""
    if kind == "random":
        return letter_case(dialect, os.urandom(16).hex())
    if kind == "time":
        second = b"%d" % time.time()
        return letter_case(dialect, hashlib.md5(second).hexdigest())
    return kind


def response(dialect, user, asked, password):
    """What a client that knows the password answers to ASKED."""
    joined = (user + asked + password).encode("latin-1")
    return letter_case(dialect, hashlib.md5(joined).hexdigest())


def greeting(dialect, asked):
    """The line that a server sends after accept."""
    return DIALECTS[dialect]["greeting"] % asked


def login_reply(kind, client4, server4, offer):
    """The +OK line for a tunnel of type KIND.

    OFFER has `prefixes`, `links` (link addresses before the prefixes),
    `host6` (client's, server's) and `trailing`, each a list of words.
    """
    words = ["+OK", client4, server4]
    if kind in ("network", "tunnelroute"):
        words += offer["links"] + offer["prefixes"]
    elif kind == "host":
        words += offer["host6"]
    return " ".join(words + offer["trailing"])


def default_host6(prefix):
    """The pair of addresses that a `host` tunnel gets: client's, server's."""
    base = prefix.split("/")[0].rstrip(":")
    return [base + "::6", base + "::5"]


def many_user(name):
    """Whether NAME is one of user1, user2, ...: (password, prefixes) if so.

    Tests with many tunnels need accounts that nobody wants to write down.
    """
    if not name.startswith("user") or not name[4:].isdigit():
        return None
    number = int(name[4:])
    if not 0 < number < 0x8000:
        return None
    return "secret", ["2001:db8:%x::/48" % (0x8000 + number)]
