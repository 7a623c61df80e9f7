"""What tshark reads in NORM messages, and what it ought to read by our own codec."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from tests.interop.norm import PORT

from groupwire.norm.wire.commands import (
    AckRequest,
    CongestionProbe,
    Flush,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.feedback import Ack, Nack
from groupwire.norm.wire.head import SenderState
from groupwire.norm.wire.message import Message
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import RepairRequest

__all__ = ["FIELDS", "Fields", "complaints", "expected", "fields"]

Fields = dict[str, list[float]]
"""By tshark's names, without those that are not there; addresses are numbers."""

FIELDS = (
    *("norm.type", "norm.sequence", "norm.source_id", "norm.instance_id"),
    *("norm.grtt", "norm.backoff", "norm.gsize", "norm.flags", "norm.flavor"),
    *("norm.fec_encoding_id", "norm.object_transport_id"),
    *("rmt-fec.sbn", "rmt-fec.sbl", "rmt-fec.esi", "rmt-fec.fti.transfer_length"),
    *("rmt-fec.fti.encoding_symbol_length", "rmt-fec.fti.max_source_block_length"),
    "rmt-fec.fti.max_number_encoding_symbols",
    *("norm.ccsequence", "norm.cc_sts", "norm.cc_stus"),
    *("norm.cc_node_id", "norm.cc_flags"),
    *("norm.nack.server", "norm.nack.grtt_sec", "norm.nack.grtt_usec"),
    *("norm.nack.form", "norm.nack.flags", "norm.nack.length"),
    *("norm.ack.source", "norm.ack.type", "norm.ack.id"),
    *("norm.ack.grtt_sec", "norm.ack.grtt_usec"),
)
_COMPLAINT = re.compile(r"^ +\d+ +(\S+) +(\S+) +(.*\S)", re.MULTILINE)


def complaints(capture: Path) -> set[tuple[str, str, str]]:
    """Return what tshark finds amiss: group, protocol and summary of each kind.

    Nothing of UDP: a port of 33434 or more, which the system may choose, makes it
    think of traceroute.
    """
    found = _COMPLAINT.finditer(_tshark(capture, "-q", "-z", "expert"))
    return {(m[1], m[2], m[3]) for m in found if m[2] != "UDP"}


def fields(capture: Path, names: Iterable[str] = FIELDS) -> list[Fields]:
    """Return what tshark reads in each packet of a capture."""
    wanted = [word for name in names for word in ("-e", name)]
    how = ("-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;", *wanted)
    lines = _tshark(capture, *how).splitlines()
    return [_read(names, line.split("\t")) for line in lines]


def _read(names: Iterable[str], values: Sequence[str]) -> Fields:
    pairs = zip(names, values, strict=True)
    return {name: [_number(v) for v in text.split(";")] for name, text in pairs if text}


def _number(text: str) -> float:
    if text.count(".") == 3:
        return int(IPv4Address(text))
    return float(text) if "." in text else int(text, 0)


def _tshark(capture: Path, *options: str) -> str:
    command = ("tshark", "-r", str(capture), "-d", f"udp.port=={PORT},norm", *options)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def expected(packet: bytes, message: Message) -> Fields:
    """Return what tshark ought to read in a message that was decoded from a packet."""
    found: Fields = {
        "norm.type": [packet[0] & 0xF],
        "norm.sequence": [message.sequence],
        "norm.source_id": [message.source],
    }
    if isinstance(message, Nack | Ack):
        return found | _feedback(message)
    found |= _state(message.sender)
    if isinstance(message, Data | Info):
        return found | _object(message)
    found["norm.flavor"] = [packet[12]]
    match message:
        case Flush() | Squelch():
            found |= _place([message.fec_id], [message.object_id], [message.payload_id])
        case RepairAdvertisement():
            found |= _requests(message.requests)
            found["norm.flags"] = [int(message.limited)]
        case CongestionProbe():
            found |= _probe(message)
        case AckRequest():
            found["norm.ack.type"] = [message.ack_type]
            found["norm.ack.id"] = [message.ack_id]
        case _:
            pass
    return found


def _state(state: SenderState) -> Fields:
    return {
        "norm.instance_id": [state.instance],
        "norm.grtt": [state.grtt_s],
        "norm.backoff": [state.backoff],
        "norm.gsize": [state.members],
    }


def _object(message: Data | Info) -> Fields:
    found: Fields = {"norm.flags": [message.flags]}
    if isinstance(message, Data):
        where = [message.payload_id]
        found |= _place([message.fec_id], [message.object_id], where)
    else:
        found["norm.fec_encoding_id"] = [message.fec_id]
        found["norm.object_transport_id"] = [message.object_id]
    return found | _code(message.extensions)


def _code(extensions: Extensions) -> Fields:
    info = extensions.info
    if info is None:
        return {}
    return {
        "rmt-fec.fti.transfer_length": [info.size_bytes],
        "rmt-fec.fti.encoding_symbol_length": [info.segment_bytes],
        "rmt-fec.fti.max_source_block_length": [info.block],
        "rmt-fec.fti.max_number_encoding_symbols": [info.parity],
    }


def _place(
    fec_ids: Sequence[FecId], objects: Sequence[int], where: Sequence[PayloadId]
) -> Fields:
    if not fec_ids:
        return {}
    return {
        "norm.fec_encoding_id": list(fec_ids),
        "norm.object_transport_id": list(objects),
        "rmt-fec.sbn": [place.block for place in where],
        "rmt-fec.sbl": [place.block_length for place in where],
        "rmt-fec.esi": [place.symbol for place in where],
    }


def _requests(requests: Sequence[RepairRequest]) -> Fields:
    """Return the requests, of each the first item: tshark shows no more of them."""
    if not requests:
        return {}
    firsts = [request.items[0] for request in requests]
    lengths = [
        len(request.encode()) - RepairRequest.LAYOUT.size for request in requests
    ]
    places = _place(
        [item.fec_id for item in firsts],
        [item.object_id for item in firsts],
        [item.payload_id for item in firsts],
    )
    return places | {
        "norm.nack.form": [request.form for request in requests],
        "norm.nack.flags": [request.level for request in requests],
        "norm.nack.length": list(lengths),
    }


def _probe(probe: CongestionProbe) -> Fields:
    found: Fields = {
        "norm.ccsequence": [probe.probe],
        "norm.cc_sts": [probe.sent_s],
        "norm.cc_stus": [probe.sent_us],
    }
    if probe.nodes:
        found["norm.cc_node_id"] = [node.node for node in probe.nodes]
        found["norm.cc_flags"] = [node.flags for node in probe.nodes]
    return found


def _feedback(message: Nack | Ack) -> Fields:
    to = message.to
    found: Fields = {"norm.instance_id": [to.instance]}
    kind = "nack" if isinstance(message, Nack) else "ack"
    found[f"norm.{kind}.grtt_sec"] = [to.echo_s]
    found[f"norm.{kind}.grtt_usec"] = [to.echo_us]
    if isinstance(message, Nack):
        return found | {"norm.nack.server": [to.sender]} | _requests(message.requests)
    found["norm.ack.source"] = [to.sender]
    found["norm.ack.type"] = [message.ack_type]
    found["norm.ack.id"] = [message.ack_id]
    return found
