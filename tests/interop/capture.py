"""Writes the golden vectors: what libnorm1 says, as it is on the wire.

    python -m tests.interop.capture tests/norm

needs root, or the right to make namespaces, and writes ``wire/vectors/libnorm.json``
and ``fec/vectors/libnorm.json`` below the folder. Nothing leaves the machine.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tests.lab.harness import Host, Laboratory, Process

_GROUP, _PORT = "239.255.7.7", 6003
_PEER = ("-m", "tests.interop.norm_peer")
_AT = ("--group", _GROUP, "--port", str(_PORT), "--interface", "lo")
_ETH_P_IP, _OUTGOING = 0x0800, 4
_SO_RCVBUFFORCE = 33
_FEC_IDS = (5, 2, 129)
_INFO, _DATA, _COMMAND, _NACK, _ACK = 1, 2, 3, 4, 5
_SEED = 20


class Tap:
    """Sees every datagram on a host's loopback, those to one host too."""

    def __init__(self, host: Host) -> None:
        self._socket = host.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        self._socket.bind(("lo", _ETH_P_IP))
        self._socket.setblocking(False)

    def drain(self) -> Iterator[bytes]:
        """Iterate over what has been sent since the last time."""
        while True:
            try:
                packet, (_, _, kind, *_) = self._socket.recvfrom(65_536)
            except BlockingIOError:
                return
            # Loopback shows each packet as it leaves and as it comes.
            header = (packet[0] & 0xF) * 4
            if kind != _OUTGOING and packet[9] == socket.IPPROTO_UDP:
                yield packet[header + 8 :]


def loopback(lab: Laboratory) -> Host:
    """Return a host whose loopback carries multicast, too."""
    host = lab.lonely()
    host.ip("link set lo multicast on", "route add 224.0.0.0/4 dev lo")
    return host


def receiver(host: Host, *arguments: str) -> Process:
    """Start a receiver; it has joined."""
    process = host.python(*_PEER, "receive", *_AT, *arguments)
    process.line("ready")
    return process


def sender(host: Host, *arguments: str) -> Process:
    """Start a sender."""
    return host.python(*_PEER, "send", *_AT, *arguments)


@dataclass(frozen=True, slots=True)
class Code:
    """A code, and an object that it protects."""

    fec_id: int
    k: int
    parity: int
    segment: int
    size: int
    seed: int

    def options(self) -> list[str]:
        names = ("fec", "block", "parity", "segment", "size", "seed")
        values = (getattr(self, name) for name in self.__slots__)
        pairs = zip(names, map(str, values), strict=True)
        both = [word for name, value in pairs for word in (f"--{name}", value)]
        return [*both, "--auto-parity", str(self.parity)]

    def lengths(self) -> list[int]:
        """Return how many source symbols each block has (RFC 5052 §9.1)."""
        symbols = -(-self.size // self.segment)
        blocks = -(-symbols // self.k)
        small, large_blocks = divmod(symbols, blocks)
        return [small + (n < large_blocks) for n in range(blocks)]


def codes() -> Iterator[Code]:
    """Iterate over full blocks, shortened blocks, and less than a segment."""
    segment = 32
    for fec_id, k, parity in product(_FEC_IDS, (4, 16, 64), (2, 8)):
        for size in (2 * k * segment - 5, (2 * k + 1) * segment - 13, 19):
            yield Code(fec_id, k, parity, segment, size, k + parity)


def parity_of(host: Host, tap: Tap, code: Code) -> dict[str, str]:
    """Return the parity symbols of an object, by block and symbol, in hex."""
    process = sender(host, *code.options(), "--robust", "1")
    assert process.finish() == 0, process.errors
    lengths = code.lengths()
    found: dict[str, str] = {}
    for data in tap.drain():
        if data[0] & 0xF != _DATA:
            continue
        block, symbol = _place(data)
        if symbol >= lengths[block]:
            found[f"{block}/{symbol}"] = data[data[1] * 4 :].hex()
    assert len(found) == len(lengths) * code.parity, (code, found)
    return found


def _place(data: bytes) -> tuple[int, int]:
    """Return the block and the symbol of a DATA message."""
    if data[13] == 129:
        block, _, symbol = struct.unpack_from("!IHH", data, 16)
        return block, symbol
    (both,) = struct.unpack_from("!I", data, 16)
    return both >> 8, both & 0xFF


def fec_vectors(lab: Laboratory) -> list[dict[str, object]]:
    host = loopback(lab)
    tap = Tap(host)
    return [
        {name: getattr(code, name) for name in Code.__slots__}
        | {"symbols": parity_of(host, tap, code)}
        for code in codes()
    ]


def wire_vectors(lab: Laboratory) -> list[dict[str, str]]:
    """Return the first datagram of each kind, for each FEC scheme."""
    host = loopback(lab)
    tap = Tap(host)
    found: dict[str, bytes] = {}
    for fec_id in _FEC_IDS:
        for sending, receiving in _SCENES:
            _play(host, [*sending, "--fec", str(fec_id)], receiving)
            for data in tap.drain():
                found.setdefault(f"{_name(data)}, fec {fec_id}", data)
    return [{"name": name, "hex": found[name].hex()} for name in sorted(found)]


_ONE = (
    *("--segment", "64", "--block", "8", "--parity", "4", "--seed", str(_SEED)),
    *("--auto-parity", "1", "--info", b"an object".hex(), "--hold", "1"),
)
_SCENES: list[tuple[list[str], list[str]]] = [
    # What is sent, and how it is received.
    (
        [
            *_ONE,
            *("--size", "4999", "--count", "3", "--ack", "2,12", "--cc-fixed"),
            *("--command", b"a command".hex(), "--rate", "1e6"),
        ],
        ["--count", "0", "--rx-loss", "20", "--timeout", "4"],
    ),
    (
        [*_ONE, "--size", "4999", "--count", "3", "--ack", "2"],
        ["--count", "0", "--rx-loss", "30", "--timeout", "3", "--unicast-nacks"],
    ),
    (
        [*_ONE, "--size", "301", "--count", "9", "--stream", "--ack", "2"],
        ["--count", "0", "--rx-loss", "10", "--timeout", "3"],
    ),
    (
        [*_ONE, "--size", "999", "--fti-in-info"],
        ["--count", "0", "--timeout", "2"],
    ),
    (
        [*_ONE, "--size", "999", "--count", "6", "--cancel", "0,3", "--hold", "3"],
        ["--count", "0", "--rx-loss", "80", "--timeout", "4"],
    ),
    (
        [*_ONE, "--size", "999", "--cancel", "0", "--hold", "2"],
        ["--count", "0", "--rx-loss", "80", "--timeout", "3"],
    ),
]


def _play(host: Host, sending: list[str], receiving: list[str]) -> None:
    listening = receiver(host, *receiving)
    assert sender(host, *sending).finish(within=60) == 0
    listening.finish(within=60)


def _name(data: bytes) -> str:
    match data[0] & 0xF:
        case 1:
            return "INFO" + _with_fti(data, 16)
        case 2:
            return _data_name(data)
        case 3:
            return _command_name(data)
        case 4:
            return "NACK " + _requests(data) + _with_feedback(data, 24)
        case 5:
            kind = {1: "CC", 2: "FLUSH"}.get(data[14], str(data[14]))
            return f"ACK {kind}" + _with_feedback(data, 24)
        case other:
            return f"type {other}"


def _with_fti(data: bytes, end: int) -> str:
    return " with FTI" if data[1] * 4 > end else ""


def _with_feedback(data: bytes, end: int) -> str:
    return " with EXT_CC" if data[1] * 4 > end else ""


def _data_name(data: bytes) -> str:
    flags, end = data[12], 24 if data[13] == 129 else 20
    payload = data[data[1] * 4 :]
    what = "DATA"
    if flags & 0x20:
        what = "stream DATA" if any(payload[:4]) else "stream DATA at the end"
    if _place(data)[1] >= 8:
        what += ", parity"
    if flags & 0x02:
        what += ", explicit"
    return what + _with_fti(data, end)


_COMMANDS = {
    1: "FLUSH",
    3: "SQUELCH",
    4: "CC",
    5: "REPAIR_ADV",
    7: "APPLICATION",
}


def _command_name(data: bytes) -> str:
    kind, end = data[12], data[1] * 4
    name = f"CMD {_COMMANDS.get(kind, str(kind))}"
    if kind == 5:
        return f"{name} {_requests(data)}" + _with_feedback(data, 16)
    if kind == 4 and end > 24:
        name += " with EXT_RATE"
    if kind != 7 and len(data) > end:
        name += " with a list"
    return name


def _requests(data: bytes) -> str:
    """Tell the forms and levels of repair requests."""
    forms, levels = ("", "items", "ranges", "erasures"), "segment block info object"
    at, found = data[1] * 4, set[str]()
    while at < len(data):
        form, flags, size = struct.unpack_from("!BBH", data, at)
        wanted = [name for bit, name in enumerate(levels.split()) if flags >> bit & 1]
        found.add(f"{forms[form]} of {'+'.join(wanted)}")
        at += 4 + size
    return ", ".join(sorted(found))


def _write(path: Path, vectors: list[dict[str, object]] | list[dict[str, str]]) -> None:
    """Write one vector a line, so that differences can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(vector) for vector in vectors)
    path.write_text(f"[\n{lines}\n]\n")
    sys.stdout.write(f"{path}: {len(vectors)} vectors, {path.stat().st_size} bytes\n")


def main() -> None:
    folder = Path(sys.argv[1])
    with Laboratory() as lab:
        _write(folder / "wire/vectors/libnorm.json", wire_vectors(lab))
        _write(folder / "fec/vectors/libnorm.json", fec_vectors(lab))


if __name__ == "__main__":
    main()
