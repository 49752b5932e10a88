"""Which user's program is at the other end of a connection on this machine, as Linux knows it.

The kernel is asked about the single connection, which takes microseconds. If it doesn't answer, its
tables are read, which takes milliseconds if there are many connections.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

# https://docs.kernel.org/networking/proc_net_tcp.html
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

# What Linux shows for a user who has no ID in this process's namespace.
NOBODY = 65534

Address = tuple[str, int]
Owner = tuple[int, int]
"""A socket's user ID and inode; the inode is 0 once its program has closed it."""


def peer_uid(peer: Address, own: Address) -> int | None:
    """The user ID of the program at `peer`, on a connection whose other end is `own`.

    None if it is unknown: on systems other than Linux, or after the program has closed its end.
    """
    uid, inode = asked(peer, own) or in_tables(peer, own) or (NOBODY, 0)
    # A socket that its program has closed has no owner, and is shown as root's.
    return uid if inode and uid != NOBODY else None


def asked(peer: Address, own: Address) -> Owner | None:
    """The kernel's own answer: https://man7.org/linux/man-pages/man7/sock_diag.7.html."""
    netlink, sock_diag, by_family, an_answer = 16, 4, 20, 20
    ends = [_packed(address) for address in (peer, own)]
    family = socket.AF_INET if len(ends[0]) == 4 else socket.AF_INET6
    id = struct.pack("!HH16s16s", peer[1], own[1], *ends)
    request = struct.pack("=BBxxI", family, socket.IPPROTO_TCP, 2**32 - 1)
    request += id + struct.pack("=III", 0, 2**32 - 1, 2**32 - 1)  # no interface, no cookie
    with suppress(OSError), socket.socket(netlink, socket.SOCK_RAW, sock_diag) as kernel:
        kernel.settimeout(1)
        kernel.send(struct.pack("=IHHII", 16 + len(request), by_family, 1, 0, 0) + request)
        answer = kernel.recv(4096)
        # The kernel may answer with a listening socket, which has no port at the other end.
        if answer[4:6] == struct.pack("=H", an_answer) and answer[20:24] == id[:4]:
            uid, inode = struct.unpack_from("=II", answer, 80)
            return uid, inode
    return None


def in_tables(peer: Address, own: Address, tables: Iterable[Path] = TABLES) -> Owner | None:
    """The owner in the tables, which may have an IPv4 address as such or mapped to IPv6."""
    for table in tables:
        for form in (_packed, _mapped):
            with suppress(OSError):
                ends = f" {_shown(form(peer), peer[1])} {_shown(form(own), own[1])} "
                if entry := table.read_text().partition(ends)[2]:
                    _state, _queues, _timer, _retries, uid, _timeout, inode, *_ = entry.split()
                    return int(uid), int(inode)
    return None


def _packed(address: Address) -> bytes:
    host = ip_address(address[0].partition("%")[0])
    return (getattr(host, "ipv4_mapped", None) or host).packed


def _mapped(address: Address) -> bytes:
    packed = _packed(address)
    return packed if len(packed) == 16 else b"\0" * 10 + b"\xff\xff" + packed


def _shown(packed: bytes, port: int) -> str:
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return f"{''.join(f'{word:08X}' for word in words)}:{port:04X}"
