#!/usr/bin/python3
"""TCP between hosts of the lab, to see whether a connection lives.

    stream.py serve ADDRESS PORT      echoes what each client sends, for ever
    stream.py check ADDRESS PORT      echoes what one client's `run` sends, and
                                      compares each byte too; prints `ok BYTES`
                                      at its end, or what was wrong and fails
    stream.py once ADDRESS PORT       connects, has one line echoed; prints
                                      `ok SECONDS`, or `failed SECONDS WHY`
                                      and fails
    stream.py run ADDRESS PORT FILE   sends numbered blocks without pause, so
                                      that there is always data on the way both
                                      ways, until FILE exists; compares each
                                      byte that comes back; prints `ok BYTES`,
                                      or what was wrong and fails

`once` and `run` take TIMEOUT and SOURCE from the environment: seconds for
`once` (10), for the longest pause in `run` (150); the address to bind."""

import os
import select
import socket
import sys
import threading
import time

BLOCK = 1024
ON_THE_WAY = 16 * BLOCK
PAUSE = 0.02


def listen(address, port):
    """Serves for ever, a thread a client."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.create_server((address, port), family=family)
    print("listening", flush=True)
    while True:
        client, _ = server.accept()
        threading.Thread(target=echo, args=(client,), daemon=True).start()


def echo(client):
    """Sends back what comes."""
    try:
        while True:
            data = client.recv(65536)
            if not data:
                break
            client.sendall(data)
    except OSError:
        pass
    client.close()


def check(address, port):
    """Echoes the stream of one client, and compares it with what it must be."""
    server = socket.create_server((address, port), family=socket.AF_INET6)
    print("listening", flush=True)
    client = server.accept()[0]
    got = number = 0
    want = b""
    while data := client.recv(65536):
        while len(want) < len(data):
            want, number = want + block(number), number + 1
        if not want.startswith(data):
            sys.exit(f"failed: other bytes after {got}")
        want, got = want[len(data):], got + len(data)
        client.sendall(data)
    print(f"ok {got}")


def connect(address, port, timeout):
    """Connects, from SOURCE if that is given."""
    source = os.environ.get("SOURCE")
    return socket.create_connection((address, port), timeout,
                                    (source, 0) if source else None)


def once(address, port):
    """One connection attempt."""
    timeout = float(os.environ.get("TIMEOUT", "10"))
    begin = time.monotonic()
    try:
        sock = connect(address, port, timeout)
        sock.sendall(b"hello\n")
        if sock.recv(100) != b"hello\n":
            raise OSError("wrong answer")
    except OSError as error:
        print(f"failed {time.monotonic() - begin:.3f} {error}")
        sys.exit(1)
    print(f"ok {time.monotonic() - begin:.3f}")


def block(number):
    """Block NUMBER of the stream: no two are alike."""
    return (b"%015d\n" % number) * (BLOCK // 16)


def run(address, port, stop):
    """One long connection; each byte is compared."""
    pause = float(os.environ.get("TIMEOUT", "150"))
    sock = connect(address, port, 10)
    sock.setblocking(False)
    print("running", flush=True)
    sent = got = 0
    pending = want = b""
    next_out = next_in = 0
    heard = time.monotonic()
    while not (os.path.exists(stop) and sent == got):
        if time.monotonic() - heard > pause:
            sys.exit(f"failed: nothing for {pause:g} s after {got} bytes")
        more = sent - got < ON_THE_WAY and not os.path.exists(stop)
        if not pending and more:
            pending, next_out = block(next_out), next_out + 1
        readable, writable, _ = select.select(
            [sock], [sock] if pending else [], [], PAUSE)
        try:
            if writable:
                count = sock.send(pending)
                sent, pending = sent + count, pending[count:]
            if readable:
                data = sock.recv(65536)
                if not data:
                    sys.exit(f"failed: closed after {got} bytes")
                while len(want) < len(data):
                    want, next_in = want + block(next_in), next_in + 1
                if not want.startswith(data):
                    sys.exit(f"failed: other bytes after {got}")
                want, got = want[len(data):], got + len(data)
                heard = time.monotonic()
        except BlockingIOError:
            pass
        except OSError as error:
            sys.exit(f"failed: {error} after {got} bytes")
        time.sleep(PAUSE)
    # Nothing is on the way: an end that comes now is a wrong one, too.
    try:
        sys.exit(f"failed: closed after {got} bytes" if not sock.recv(1)
                 else f"failed: other bytes after {got}")
    except BlockingIOError:
        print(f"ok {got}")
    except OSError as error:
        sys.exit(f"failed: {error} after {got} bytes")


def main():
    """The command line."""
    verb, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if verb == "serve":
        listen(address, port)
    elif verb == "check":
        check(address, port)
    elif verb == "once":
        once(address, port)
    else:
        run(address, port, sys.argv[4])


if __name__ == "__main__":
    main()
