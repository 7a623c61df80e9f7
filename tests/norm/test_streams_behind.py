"""A stream whose sender keeps little of it, behind an object that is kept."""

from __future__ import annotations

from random import Random

from tests.norm.group import Group

from groupwire.norm.coding import Coding
from groupwire.testing import Faults

LAN = Faults(delay_s=0.001)


def test_who_missed_what_is_not_kept_skips_it_and_goes_on_with_the_rest() -> None:
    coding = Coding(segment_bytes=100, block=4, parity=4)
    group = Group(1, 2, down=LAN, up=LAN, rate=1e6, coding=coding, hold=0.0)
    group.send(b"kept in front of the stream")
    group.run(0.1)
    rng = Random(1)
    messages = [rng.randbytes(100) for _ in range(400)]
    group.stream(messages, buffer_bytes=1600)
    cut, whole = group.members[0], group.ears[1]
    group.run(0.01)
    cut.cut(up=False)
    group.run(0.02)
    cut.cut(up=False, down=False)
    assert group.run(5.0, until=4)
    assert bytes(whole.stream) == b"".join(messages)
    skipped = group.ears[0]
    assert skipped.gaps > 0
    assert skipped.ended
    assert skipped.lost == []
    assert b"".join(messages).endswith(bytes(skipped.stream[-1000:]))


def test_who_missed_the_end_has_as_much_of_it_as_is_kept() -> None:
    coding = Coding(segment_bytes=100, block=4, parity=4)
    group = Group(1, 2, down=LAN, up=LAN, rate=1e6, coding=coding, hold=0.0)
    group.send(b"kept in front of the stream")
    group.run(0.1)
    rng = Random(1)
    messages = [rng.randbytes(100) for _ in range(400)]
    group.stream(messages, buffer_bytes=1600)
    cut = group.members[0]
    group.run(0.01)
    cut.cut(up=False)
    group.run(0.2)
    cut.cut(up=False, down=False)
    assert group.run(5.0, until=4)
    skipped = group.ears[0]
    assert skipped.gaps > 0
    assert skipped.lost == []
    assert b"".join(messages).endswith(bytes(skipped.stream[-1200:]))
