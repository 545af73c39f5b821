#!/usr/bin/python3
"""A throw-away DTCP client, by which the lab is tested without dtcp-up.

    client.py SERVER TYPE

As user `foo`, password `bar`. Prints the reply and `built`; at SIGUSR1 it
pings the server and prints the answer."""

import hashlib
import signal
import socket
import subprocess
import sys

sock = socket.create_connection((sys.argv[1], 20200), 5)
sock.settimeout(None)
lines = sock.makefile("r", newline="\n")
challenge = lines.readline().split()[1]
digest = hashlib.md5(("foo" + challenge + "bar").encode()).hexdigest()
if challenge.isupper():
    digest = digest.upper()
sock.sendall(f"tunnel foo {digest} {sys.argv[2]}\n".encode())
reply = lines.readline().split()
print(*reply, flush=True)
near, far = sock.getsockname()[0], reply[2]
# Without nodad an address cannot be bound for a moment.
batch = [f"tunnel add name dtcp0 mode sit local {near} remote {far} ttl 64",
         "link set dtcp0 up"]
if sys.argv[2] == "network":
    first = reply[3].split("/")[0]
    batch += [f"addr add {first}1/128 dev dtcp0 nodad",
              "route add ::/0 dev dtcp0 metric 4096"]
elif sys.argv[2] == "host":
    batch += [f"addr add {reply[3]} peer {reply[4]} dev dtcp0 nodad"]
subprocess.run(["ip", "-batch", "-"], input="\n".join(batch), text=True, check=True)
signal.signal(signal.SIGUSR1, lambda *_: sock.sendall(b"ping\n"))
print("built", flush=True)
for line in lines:
    print("pong:", line.strip(), flush=True)
