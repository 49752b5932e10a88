"""Whose program has opened a connection, according to the kernel and its tables."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from localstack_embedded.plugin.serving import peer

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these tables")

PEER, OWN = ("127.0.0.1", 54321), ("127.0.0.1", 4566)
ENTRY = (
    "   1: {local} {remote} {state} 00000000:00000000 00:00000000 00000000"
    "  {uid}        0 {inode} 1 0000000000000000 20 4 30 10 -1\n"
)
V4 = {"local": "0100007F:D431", "remote": "0100007F:11D6"}
MAPPED = {
    "local": "0000000000000000FFFF00000100007F:D431",
    "remote": "0000000000000000FFFF00000100007F:11D6",
}


def table(folder: Path, **fields: object) -> list[Path]:
    """The tables, one of which has the listening socket, the server's end, and this entry."""
    defaults: dict[str, Any] = {"state": "01", "uid": 1000, "inode": 77, **V4}
    own_end = {"local": V4["remote"], "remote": V4["local"], "uid": 0}
    listening = {"local": V4["remote"], "remote": "00000000:0000", "state": "0A", "uid": 0}
    file = folder / "tcp"
    file.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        + "".join(ENTRY.format(**defaults | entry) for entry in (listening, own_end, fields))
    )
    return [folder / "tcp", folder / "tcp6"]


little_endian = pytest.mark.skipif(sys.byteorder == "big", reason="the entries are little-endian")


@little_endian
@pytest.mark.parametrize("ends", [V4, MAPPED], ids=["IPv4", "IPv4 in IPv6"])
def test_the_tables_tell_whose_the_other_end_is(tmp_path: Path, ends: dict[str, str]) -> None:
    tables = table(tmp_path, **ends)
    assert peer.in_tables(PEER, OWN, tables) == (1000, 77)
    mapped_peer, mapped_own = ((f"::ffff:{host}", port) for host, port in (PEER, OWN))
    assert peer.in_tables(mapped_peer, mapped_own, tables) == (1000, 77)


@little_endian
@pytest.mark.parametrize("entry", [{"local": "0100007F:D432"}, {"remote": "0100007F:11D7"}])
def test_another_connections_entry_is_not_taken(tmp_path: Path, entry: dict[str, Any]) -> None:
    assert peer.in_tables(PEER, OWN, table(tmp_path, **entry)) is None


@pytest.mark.parametrize(
    "owner",
    [
        (0, 0),  # closed by its program, and shown as root's
        (65534, 77),  # a user without an ID in this namespace
        None,
    ],
)
def test_what_can_not_be_told_is_nobodys(
    owner: peer.Owner | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "asked", lambda *_: owner)
    monkeypatch.setattr(peer, "in_tables", lambda *_: None)
    assert peer.peer_uid(PEER, OWN) is None


def test_where_there_are_no_tables_they_tell_nothing(tmp_path: Path) -> None:
    assert peer.in_tables(PEER, OWN, [tmp_path / "tcp", tmp_path / "tcp6"]) is None


@LINUX
@pytest.mark.parametrize("way", ["asked", "in_tables"])
@pytest.mark.parametrize(
    ("family", "listening", "connecting"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, "::", "127.0.0.1"),
        (socket.AF_INET, "127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_a_real_connection_is_this_users_until_it_is_closed(
    family: socket.AddressFamily,
    listening: str,
    connecting: str,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer, {"asked": "in_tables", "in_tables": "asked"}[way], lambda *_: None)
    both = listening == "::"
    try:
        server = socket.create_server((listening, 0), family=family, dualstack_ipv6=both)
    except (OSError, ValueError) as error:
        pytest.skip(f"no IPv6 here: {error}")
    with server:
        client = socket.create_connection((connecting, server.getsockname()[1]), 10)
        accepted, _ = server.accept()
        with accepted:
            ends = accepted.getpeername()[:2], accepted.getsockname()[:2]
            assert peer.peer_uid(*ends) == os.getuid()
            client.close()
            assert peer.peer_uid(*ends) is None
