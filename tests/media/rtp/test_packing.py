from random import Random

from groupwire.media.rtp import MP2T, RtpPacker, RtpPacket
from groupwire.media.transport import Departure


def test_packets_are_numbered_and_stamped_with_when_they_are_due() -> None:
    packer = RtpPacker(Random(1))
    packets = [
        RtpPacket.decode(packer.pack(Departure(n / 10, b"x", n == 2))) for n in range(4)
    ]
    first = packets[0]
    assert [(p.sequence - first.sequence) % 65_536 for p in packets] == [0, 1, 2, 3]
    stamps = [(p.timestamp - first.timestamp) % (1 << 32) for p in packets]
    assert stamps == [0, 9000, 18_000, 27_000]
    assert [p.marker for p in packets] == [False, False, True, False]
    assert {(p.payload_type, p.source) for p in packets} == {(MP2T, packer.source)}


def test_numbers_and_stamps_wrap() -> None:
    packer = RtpPacker(Random(1))
    packer._sequence, packer._offset = 65_535, (1 << 32) - 1
    RtpPacket.decode(packer.pack(Departure(0.0, b"", fresh=False)))
    packet = RtpPacket.decode(packer.pack(Departure(1.0, b"", fresh=False)))
    assert (packet.sequence, packet.timestamp) == (0, 89_999)
