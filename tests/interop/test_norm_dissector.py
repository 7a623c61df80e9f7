"""A third judge: Wireshark's dissector reads what both implementations say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.interop.dissector import FIELDS, complaints, expected, fields
from tests.interop.norm import (
    BOTH_WAYS,
    NEEDS_LIBNORM,
    NEEDS_TSHARK,
    Packet,
    Way,
    Wire,
    exchange,
    write_pcap,
)
from tests.lab.harness import Laboratory

from groupwire.norm.wire.commands import (
    ApplicationCommand,
    CongestionProbe,
    Flush,
    RepairAdvertisement,
)
from groupwire.norm.wire.feedback import Ack, Nack
from groupwire.norm.wire.objects import Data, Info

pytestmark = [NEEDS_LIBNORM, NEEDS_TSHARK]

_KINDS = {
    *(Data, Info, Nack, Ack),
    *(Flush, CongestionProbe, RepairAdvertisement, ApplicationCommand),
}
_OF_FEC = {name for name in FIELDS if name.startswith("rmt-fec.")}


def _exchange(lab: Laboratory, way: Way, fec: int) -> list[Packet]:
    """Return what is on the wire when something of every kind is said."""
    a, b = lab.segment(2)
    with Wire(a) as wire:
        exchange(
            lab,
            way,
            *("--size", 200_000, "--fec", fec, "--parity", 4, "--ack", 2),
            *("--info", b"an info".hex(), "--command", b"a command".hex()),
            receiving=["--rx-loss", 5, "--unicast-nacks", "--sync", "stream"],
            hosts=[a, b],
        )
        packets = wire.packets()
    assert {type(packet.message) for packet in packets} >= _KINDS
    return packets


@BOTH_WAYS
def test_it_finds_nothing_amiss_and_reads_what_we_read(
    lab: Laboratory, way: Way, tmp_path: Path
) -> None:
    packets, capture = _exchange(lab, way, 129), tmp_path / "norm.pcap"
    write_pcap(capture, packets)
    assert complaints(capture) == set()
    read = fields(capture)
    assert len(read) == len(packets)
    for packet, found in zip(packets, read, strict=True):
        ours = expected(packet.payload, packet.message)
        assert found.pop("norm.grtt", []) == pytest.approx(ours.pop("norm.grtt", []))
        # Those of EXT_CC are told by the same name as those of probes.
        if isinstance(packet.message, Nack | Ack | RepairAdvertisement):
            found.pop("norm.ccsequence", None)
            found.pop("norm.cc_flags", None)
        assert found == ours, packet


@BOTH_WAYS
@pytest.mark.parametrize("fec", [5, 2])
def test_it_complains_of_nothing_but_the_codes_that_it_does_not_know(
    lab: Laboratory, way: Way, fec: int, tmp_path: Path
) -> None:
    packets, capture = _exchange(lab, way, fec), tmp_path / "norm.pcap"
    write_pcap(capture, packets)
    # It looks for a FEC instance in every FTI, and takes fec 2 for ids of 8 bytes.
    known = {("Protocol", "NORM", "FEC Encoding ID < 128, should be zero")}
    if fec == 2:
        known.add(("Malformed", "RMT-FEC", "Malformed Packet (Exception occurred)"))
    assert complaints(capture) <= known
    names = [name for name in FIELDS if name not in _OF_FEC | {"norm.grtt"}]
    for packet, found in zip(packets, fields(capture, names), strict=True):
        ours = expected(packet.payload, packet.message)
        # Of a message with an id that it cannot read it tells the beginning.
        for name, values in found.items():
            if name not in {"norm.ccsequence", "norm.cc_flags"}:
                assert values == ours[name][: len(values)], (name, packet)
        assert found["norm.sequence"] == ours["norm.sequence"]
