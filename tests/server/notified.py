"""Stands in for systemd: notified.py NAME prints what is told to the socket NAME
(a path, or @ and an abstract name), a line each."""

import socket
import sys


def main():
    """Until it is killed."""
    name = sys.argv[1]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind("\0" + name[1:] if name[0] == "@" else name)
    while True:
        print(listener.recv(4096).decode().replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
