"""Values without ``async``: encoded and decoded in the calling thread."""

from threading import current_thread, get_ident

import pytest
from tests.ports import free_port

from groupwire import aio, sync
from groupwire.aio.adapters.codec import Codec, Undecodable, Valued
from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch
from groupwire.messages.members import Member, Role
from groupwire.values import Origin

PROBE = Member(1, "probe", Role.PUBLISHER, Origin("127.0.0.1", 1), 1)


@pytest.fixture
def group() -> str:
    return f"239.255.78.9%lo:{free_port()}"


def test_values_travel(group: str) -> None:
    with (
        sync.subscribe_values(group, "a/#", codec=aio.JSON) as values,
        sync.publish_values(group, codec=aio.JSON, name="probe") as publisher,
    ):
        publisher.send("a/b", {"one": 1})
        receipt = publisher.send_many("a/c", [2, [3]]).received()
        got = values.listen(timeout=5)
        assert [next(got).value for _ in range(3)] == [{"one": 1}, 2, [3]]
        assert receipt.missing == frozenset()
        assert publisher.close() is not None


def test_who_begins_anew_misses_nothing_of_a_batch(group: str) -> None:
    with (
        sync.subscribe_values(group, codec=aio.JSON) as values,
        sync.publish_values(group, codec=aio.JSON) as publisher,
    ):
        publisher.send_many("a", [1, 2, 3]).received()
        assert [next(iter(values)).value for _ in range(3)] == [1, 2, 3]
        assert list(values.listen(timeout=0)) == []


def test_the_next_value_may_be_waited_for_again(group: str) -> None:
    numbers: Codec[int] = Codec(lambda value: b"%d" % value, int)
    with (
        sync.subscribe_values(group, codec=numbers, name="one") as values,
        sync.publish_values(group, codec=numbers) as publisher,
    ):
        with pytest.raises(TimeoutError):
            values.next_value(timeout=0.01)
        assert publisher.wait_for("one", timeout=5)
        assert not publisher.wait_for("two", timeout=0.05)
        publisher.send("a", 1)
        publisher.publisher.send("a", b"no number")
        publisher.send("a", 2).received()
        for number in (1, 2):
            valued = values.next_value(timeout=5)
            assert valued is not None
            assert valued.value == number
        assert values.dropped["undecodable"] == 1
        values.close()
        assert values.next_value() is None


def test_what_is_no_value_does_not_lengthen_the_waiting(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers: Codec[int] = Codec(lambda value: b"%d" % value, int)
    junk = [Batch(PROBE, Delivery.RELIABLE, "a", n, [b"?"], 1) for n in range(9)]
    now, asked = [100.0], list[float | None]()

    def next_batch(timeout: float | None = None) -> Batch:
        asked.append(timeout)
        now[0] += 0.4
        if not timeout:
            raise TimeoutError
        return junk[len(asked)]

    monkeypatch.setattr("groupwire.sync.adapters.values.monotonic", lambda: now[0])
    with sync.subscribe_values(group, codec=numbers) as values:
        monkeypatch.setattr(values.subscriber, "next_batch", next_batch)
        with pytest.raises(TimeoutError):
            values.next_value(timeout=1.0)
        monkeypatch.undo()
    assert asked == [pytest.approx(left) for left in (1.0, 0.6, 0.2, 0.0)]


def test_the_calling_thread_decodes(group: str) -> None:
    threads: list[int] = []

    def note(data: bytes) -> bytes:
        threads.append(get_ident())
        return data

    codec: Codec[bytes] = Codec(note, note)
    with (
        sync.subscribe_values(group, codec=codec) as values,
        sync.publish_values(group, codec=codec) as publisher,
    ):
        publisher.send("a", b"x")
        assert next(values.listen(timeout=5)).value == b"x"
    assert set(threads) == {current_thread().ident}


def test_what_is_no_value_is_told_and_counted(group: str) -> None:
    with (
        sync.subscribe_values(group, codec=aio.JSON) as values,
        sync.publish_values(group, codec=aio.JSON) as publisher,
    ):
        publisher.publisher.send("a", b"{")
        publisher.send("a", 1)
        told = values.everything(timeout=5)
        kinds = [type(next(told)) for _ in range(3)]
        assert kinds[1:] == [Undecodable, Valued]
        assert values.dropped["undecodable"] == 1
        values.close()
        assert list(values) == []
