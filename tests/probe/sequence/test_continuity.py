from groupwire.probe.sequence import ContinuityMeter, SequenceCounts
from groupwire.probe.sequence.continuity import MAX_PIDS


def packet(
    counter: int,
    pid: int = 0x100,
    *,
    payload: bool = True,
    error: bool = False,
    adaptation: bytes = b"",
) -> bytes:
    flags = (0x10 if payload else 0) | (0x20 if adaptation else 0) | counter & 0xF
    head = bytes([0x47, (0x80 if error else 0) | pid >> 8, pid & 0xFF, flags])
    return (head + adaptation).ljust(188, b"\xff")


def counted(*packets: bytes) -> SequenceCounts:
    meter = ContinuityMeter()
    meter.take(b"".join(packets))
    return meter.counts


def test_counters_that_go_on_lose_nothing() -> None:
    counts = counted(*(packet(n) for n in range(40)))
    assert counts == SequenceCounts(received=40)


def test_what_is_passed_over_is_lost() -> None:
    counts = counted(packet(1), packet(4), packet(5), packet(4 + 8))
    assert (counts.received, counts.lost, counts.gaps) == (4, 8, 2)
    assert counts.longest_gap == 6


def test_each_packet_id_counts_for_itself() -> None:
    counts = counted(packet(1, 1), packet(9, 2), packet(2, 1), packet(10, 2))
    assert counts == SequenceCounts(received=4)


def test_a_packet_may_come_twice() -> None:
    assert counted(packet(1), packet(1), packet(2)).duplicates == 1


def test_what_comes_late_fills_the_gap() -> None:
    counts = counted(packet(1), packet(4), packet(2), packet(3), packet(5))
    assert (counts.received, counts.lost, counts.reordered) == (5, 0, 2)


def test_packets_without_payload_and_with_errors_have_no_counter() -> None:
    counts = counted(
        packet(1), packet(9, payload=False), packet(12, error=True), packet(2)
    )
    assert counts == SequenceCounts(received=2)


def test_null_packets_have_no_counter() -> None:
    assert counted(packet(1, 0x1FFF), packet(7, 0x1FFF)) == SequenceCounts()


def test_an_announced_jump_loses_nothing() -> None:
    jump = packet(9, adaptation=b"\x01\x80")
    assert counted(packet(1), jump, packet(10)) == SequenceCounts(received=3)
    plain = packet(9, adaptation=b"\x01\x00")
    assert counted(packet(1), plain).lost == 7
    empty = packet(9, adaptation=b"\x00")
    assert counted(packet(1), empty).lost == 7


def test_only_so_many_packet_ids_are_followed() -> None:
    counts = counted(*(packet(1, pid) for pid in range(MAX_PIDS + 9)))
    assert counts.received == MAX_PIDS
