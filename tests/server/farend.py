"""The server's end of a tunnel: a sit interface in its network namespace."""

import os
import socket
import struct

ALL_ROUTERS = socket.inet_pton(socket.AF_INET6, "ff02::2")
PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def run_ip(lines):
    """Feeds LINES to `ip -batch`; returns what it complained of, or ""."""
    in_read, in_write = os.pipe()
    err_read, err_write = os.pipe()
    for fd in (in_read, in_write, err_read, err_write):
        os.set_inheritable(fd, False)
    pid = os.posix_spawnp("ip", ["ip", "-batch", "-"], PATH, file_actions=[
        (os.POSIX_SPAWN_DUP2, in_read, 0),
        (os.POSIX_SPAWN_DUP2, err_write, 1),
        (os.POSIX_SPAWN_DUP2, err_write, 2)])
    os.close(in_read)
    os.close(err_write)
    with os.fdopen(in_write, "w") as pipe:
        pipe.write("\n".join(lines) + "\n")
    with os.fdopen(err_read) as pipe:
        said = pipe.read().strip().replace("\n", "; ")
    _, status = os.waitpid(pid, 0)
    return said if status == 0 else said or "ip failed"


class FarEnd:
    """One tunnel. Removing the interface removes its addresses and routes."""

    def __init__(self, name, local, remote, log):
        self.name, self.local, self.remote = name, local, remote
        self.log = log
        self.member = None  # the socket that is joined to ff02::2

    def build(self, kind, offer, mtu, all_routers):
        """Makes the interface; returns False when that failed."""
        lines = [
            f"tunnel add name {self.name} mode sit"
            f" local {self.local} remote {self.remote} ttl 64",
            f"link set dev {self.name} mtu {mtu} up",
        ]
        if kind in ("network", "tunnelroute"):
            # A session that was lost may still hold the prefix.
            lines += [f"route replace {prefix} dev {self.name}"
                      for prefix in offer["prefixes"]]
        elif kind == "host":
            client6, server6 = offer["host6"]
            lines.append(f"addr add {server6} peer {client6} dev {self.name} nodad")
        said = run_ip(lines)
        if said:
            self.log("tunnel-failed", said)
            run_ip([f"link del dev {self.name}"])
            return False
        if all_routers:
            self._join()
        self.log("tunnel-up", f"{self.name} {kind} {self.local} {self.remote}")
        return True

    def _join(self):
        """Joins ff02::2, as radvd does: sit devices lack the MULTICAST flag,
        so the kernel of a router does not join by itself."""
        self.member = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        request = ALL_ROUTERS + struct.pack("@I", socket.if_nametoindex(self.name))
        self.member.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)

    def remove(self):
        """Takes the interface down."""
        if self.member:
            self.member.close()
            self.member = None
        said = run_ip([f"link del dev {self.name}"])
        self.log("tunnel-down", f"{self.name} {said}".strip())
