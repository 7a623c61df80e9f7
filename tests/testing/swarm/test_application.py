"""What uses a receiver in a trial: checks digests, stores, accepts."""

from __future__ import annotations

import pytest

from groupwire.norm.receive.events import (
    LossReason,
    ObjectLost,
    ObjectReceived,
    SenderFound,
    SenderKey,
    StreamEnded,
    StreamGap,
    StreamReceived,
)
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.wire.head import ObjectFlag
from groupwire.testing.swarm.application import Application, Truth, digest
from groupwire.values import Origin

KEY = SenderKey(Origin("10.0.0.1", 10_000), 1, 7)
FIRST = 65_535
"""The second object has number 65,536, which is 0 where numbers have not grown."""
TRUTH = Truth(FIRST, (b"one", b"two"), b"a stream of bytes")
STREAM = FIRST + 2


class User:
    """An application and what it says."""

    def __init__(self, *, within: bool = False, truth: Truth = TRUTH) -> None:
        self.stored: list[int] = []
        self.asked_again: list[int] = []
        self.core = Application(
            "r1",
            truth,
            store=lambda _, number: self.stored.append(number),
            again=lambda _, number: self.asked_again.append(number),
            within=within,
        )

    def receive(self, number: int, data: bytes, info: bytes | None) -> None:
        sink, none = MemorySink(), ObjectFlag(0)
        sink.write(0, [data])
        event = ObjectReceived(KEY, number, len(data), none, info, sink)
        self.core.handle(event)

    def read(self, *parts: bytes | None, ends: bool = True) -> None:
        """Read parts of the stream; None is a gap."""
        for part in parts:
            if part is None:
                self.core.handle(StreamGap(KEY, STREAM, 1))
            else:
                self.core.handle(StreamReceived(KEY, STREAM, part, None))
        if ends:
            self.core.handle(StreamEnded(KEY, STREAM))


def test_truth_knows_what_has_which_number_wrapped_or_not() -> None:
    assert [TRUTH.place(number) for number in (65_535, 65_536, 0, 1)] == [0, 1, 1, 2]
    assert [TRUTH.at(place) for place in range(4)] == [
        b"one",
        b"two",
        b"a stream of bytes",
        None,
    ]
    assert TRUTH.count == 3
    assert Truth(0, (b"one",), None).count == 1


def test_what_has_the_right_digest_is_stored_and_counts_when_it_is_accepted() -> None:
    user = User()
    user.receive(FIRST + 1, b"two", digest(b"two"))
    assert user.stored == [FIRST + 1]
    assert not user.core.accounted(7, 1)
    user.core.accept(KEY, FIRST + 1)
    assert user.core.accounted(7, 1)
    assert not user.core.accounted(8, 1)
    assert not user.core.wrongs
    assert not user.core.refused


@pytest.mark.parametrize("info", [None, digest(b"two")])
def test_what_has_a_wrong_digest_is_asked_for_again(info: bytes | None) -> None:
    user = User()
    user.receive(FIRST, b"one", info)
    user.receive(FIRST, b"one", digest(b"one"))
    assert (user.asked_again, user.stored) == ([FIRST], [FIRST])
    assert user.core.refused == 1
    assert not user.core.wrongs


@pytest.mark.parametrize("number", [FIRST, FIRST + 9])
def test_other_bytes_with_a_right_digest_are_a_wrong(number: int) -> None:
    user = User()
    user.receive(number, b"two", digest(b"two"))
    assert user.core.wrongs == [f"r1: object {number} is not the sent one"]
    assert not user.stored


def test_an_object_that_comes_twice_is_a_wrong() -> None:
    user = User()
    for _ in range(2):
        user.receive(FIRST, b"one", digest(b"one"))
    assert user.core.wrongs == [f"r1: object {FIRST} came twice"]


def test_a_new_life_remembers_nothing_but_what_is_stored() -> None:
    user = User()
    user.receive(FIRST, b"one", digest(b"one"))
    user.core.accept(KEY, FIRST)
    user.core.handle(ObjectLost(KEY, FIRST + 1, LossReason.GONE))
    user.read(b"a stream", ends=False)
    assert user.core.accounted(7, 1)
    user.core.begin()
    assert user.core.accounted(7, 0)
    assert not user.core.accounted(7, 1)
    user.receive(FIRST, b"one", digest(b"one"))
    user.read(b"a stream of bytes")
    assert not user.core.wrongs
    assert not user.core.refused


def test_what_does_not_matter_is_not_told() -> None:
    user = User()
    user.core.handle(SenderFound(KEY))
    assert not user.core.wrongs


@pytest.mark.parametrize(
    "parts",
    [
        [b"a stream of bytes"],
        [b"a str", b"", b"eam of bytes"],
        [b"a str", None, b"bytes"],
        [None, b"s"],  # the last byte, though there is one before
        [None, b"s", b"tream", None, b"bytes"],
        [b"a stream", None],
    ],
)
def test_a_stream_is_read_in_order_and_with_gaps_only_where_they_are_told(
    parts: list[bytes | None],
) -> None:
    user = User()
    user.read(*parts)
    assert user.core.accounted(7, 2)
    assert not user.core.refused
    assert not user.core.wrongs


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"a stream of byte"],
        [b"stream of bytes"],
        [b"a stream of bytes", b"!"],
        [b"a stream", b"bytes"],
        [b"a brook", None, b"bytes"],
        [None, b"brook", None, b"bytes"],
        [None, b"a stream of byte"],
        [b"a stream of bytes", None, b"bytes"],
    ],
)
def test_a_stream_of_other_bytes_is_refused(parts: list[bytes | None]) -> None:
    user = User()
    user.read(*parts)
    assert user.core.refused == 1


@pytest.mark.parametrize(
    ("parts", "refused"), [([], 0), ([b"of bytes"], 0), ([b"of"], 1)]
)
def test_who_joins_within_a_stream_reads_from_there_to_the_end(
    parts: list[bytes | None], refused: int
) -> None:
    user = User(within=True)
    user.read(*parts)
    assert user.core.refused == refused


def test_a_stream_that_ends_twice_is_a_wrong() -> None:
    user = User()
    user.read(b"a stream of bytes")
    user.read()
    assert user.core.wrongs == [f"r1: object {STREAM} came twice"]


def test_a_stream_that_was_never_sent_has_no_bytes() -> None:
    user = User(truth=Truth(FIRST, (b"one", b"two"), None))
    user.read(b"something")
    assert user.core.refused == 1
