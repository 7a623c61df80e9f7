import asyncio

import pytest
from tests.aio.places import Foreign, run, until

from groupwire import aio
from groupwire.aio import MembershipRenewed, PeerConfig, echoes
from groupwire.errors import (
    AddressError,
    ClosedError,
    InterfaceError,
    MessageTooLarge,
    UsageError,
)
from groupwire.gather import Form, Kind, Refusal, Tagged
from groupwire.values import Group

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_entering_joins_and_tells_where(group: str) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            joined = peer.joined
            assert [i.name for i in joined.interfaces] == ["lo"]
            assert joined.reason == "lo was named"
            assert str(joined.group) == group
            assert joined.receive_buffer == peer.stats.receive_buffer > 0

    run(work())


def test_a_message_tells_what_the_kernel_knew(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            foreign.say(b"hello")
            message = await peer.receive()
        assert (message.data, message.member, message.form) == (
            b"hello",
            None,
            Form.PLAIN,
        )
        assert (message.interface, message.ttl) == ("lo", 1)
        assert str(message.sender.ip) == "127.0.0.1"
        assert message.time is not None
        assert message.refusal is None
        assert "hello" in repr(message)

    run(work())


def test_a_foreign_program_is_answered_byte_for_byte(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            foreign.say(b"very important data")
            assert foreign.hear()[0] == b"very important data"
            async for message in peer.listen():
                assert message.answer(b"ack") is None
                break
            data, sender = foreign.hear_answer()
            assert data == b"ack"
            assert sender[1] != Group.parse(group).port

    run(work())


def test_a_tagged_question_is_answered_with_the_name(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group, name="cam1") as peer:
            foreign.say(Tagged(Kind.QUESTION, 7, b"?", name="me").encode())
            message = await peer.receive()
            assert (message.member, message.form) == ("me", Form.TAGGED)
            message.answer(b"fine")
            told = Tagged.decode(foreign.hear_answer()[0])
            assert told == Tagged(Kind.ANSWER, 7, b"fine", name="cam1")

    run(work())


def test_refusals_are_told_and_counted(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with aio.open(group, config=PeerConfig(answer_rate=2)) as peer:
            for n in range(4):
                foreign.say(b"%d" % n)
            found = [(await peer.receive()).answer(b"ack") for _ in range(4)]
            assert found == [None, None, Refusal.RATE, Refusal.RATE]
            assert (peer.stats.answered, peer.stats.not_answered) == (2, {"rate": 2})

    run(work())


def test_noise_is_counted_and_hearing_goes_on(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            foreign.say(b"\xf5gw\x01junk")
            foreign.say(b"\xff" * 65_507)
            foreign.say(b"hello")
            assert len((await peer.receive()).data) == 65_507
            assert (await peer.receive()).data == b"hello"
            assert peer.stats.dropped == {"tagged-cut": 1}
            assert (peer.stats.received, peer.stats.received_bytes) == (2, 65_512)

    run(work())


def test_a_message_is_given_to_one_of_two_listeners(
    group: str, foreign: Foreign
) -> None:
    async def listen(peer: aio.Peer, found: list[bytes]) -> None:
        async for message in peer.listen():
            found.append(message.data)  # noqa: PERF401 - as it comes

    async def work() -> None:
        one: list[bytes] = []
        two: list[bytes] = []
        async with aio.open(group) as peer:
            tasks = [asyncio.create_task(listen(peer, found)) for found in (one, two)]
            for n in range(20):
                foreign.say(b"%d" % n)
                await until(lambda n=n: len(one) + len(two) == n + 1)
        await asyncio.gather(*tasks)
        assert sorted(map(int, one + two)) == list(range(20))

    run(work())


def test_a_cancelled_listener_loses_nothing(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            task = asyncio.create_task(peer.receive())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            foreign.say(b"hello")
            assert (await peer.receive()).data == b"hello"

    run(work())


def test_a_full_queue_drops_the_new_ones_and_counts_them(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group, config=PeerConfig(queue=2)) as peer:
            for n in range(5):
                foreign.say(b"%d" % n)
            await until(lambda: peer.stats.dropped.get("queue-full") == 3)
            assert [(await peer.receive()).data for _ in range(2)] == [b"0", b"1"]
            foreign.say(b"6")
            assert (await peer.receive()).data == b"6"

    run(work())


def test_a_hearer_that_fails_is_told_of_and_hears_the_next_one(
    group: str, foreign: Foreign
) -> None:
    told: list[str] = []
    heard: list[bytes] = []

    def hear(message: aio.Message) -> None:
        heard.append(message.data)
        raise ValueError(f"cannot make anything of {message.data!r}")

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told_of: told.append(str(told_of)))
        async with aio.open(group, on_message=hear):
            for n in range(3):
                foreign.say(bytes([n]))
            await until(lambda: len(heard) == 3)

    run(work())
    assert heard == [b"\0", b"\1", b"\2"]
    assert all("on_message has failed" in text for text in told)
    assert len(told) == 3


def test_a_hearer_may_close_the_peer(group: str, foreign: Foreign) -> None:
    heard: list[bytes] = []

    async def work() -> None:
        peer = aio.open(group, on_message=lambda message: hear(message))
        closing: list[asyncio.Task[None]] = []

        def hear(message: aio.Message) -> None:
            heard.append(message.data)
            closing.append(asyncio.ensure_future(peer.close()))

        async with peer:
            foreign.say(b"one")
            await until(lambda: closing)
            await closing[0]
            foreign.say(b"two")
            await asyncio.sleep(0)

    run(work())
    assert heard == [b"one"]


def test_messages_may_be_handed_over_at_once(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        found: list[bytes] = []
        async with aio.open(group, on_message=lambda m: found.append(m.data)):
            foreign.say(b"hello")
            await until(lambda: found)
        assert found == [b"hello"]

    run(work())


@pytest.mark.parametrize("hears", [False, True])
def test_a_peer_hears_itself_when_it_wants_to(
    group: str, foreign: Foreign, hears: bool
) -> None:
    async def work() -> None:
        async with aio.open(group, config=PeerConfig(hear_self=hears)) as peer:
            sent = await peer.send(b"mine")
            assert (sent.size_bytes, sent.form) == (4, Form.PLAIN)
            foreign.say(b"yours")
            if hears:
                assert (await peer.receive()).data == b"mine"
            assert (await peer.receive()).data == b"yours"
            assert peer.stats.dropped == ({} if hears else {"own": 1})

    run(work())


def test_a_peer_asks_the_others_and_not_itself(group: str) -> None:
    async def work() -> None:
        async with (
            aio.open(group, name="a", on_message=lambda m: m.answer(b"a")) as peer,
            aio.open(group, name="b", on_message=lambda m: m.answer(b"b")) as other,
        ):
            result = await peer.ask(b"?", tagged=True, stall=0.05)
            assert [a.member for a in result.answers] == ["b"]
            assert other.stats.received == 1

    run(work())


def test_answers_that_wait_are_sent_when_the_peer_leaves(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            foreign.say(Tagged(Kind.QUESTION, 7, b"?", spread_us=9_000_000).encode())
            assert (await peer.receive()).answer(b"promised") is None
        assert Tagged.decode(foreign.hear_answer()[0]).data == b"promised"

    run(work())


def test_after_closing_nothing_is_answered_or_sent(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            foreign.say(b"hello")
            message = await peer.receive()
        assert message.answer(b"too late") is Refusal.CLOSED
        for attempt in (peer.send(b"x"), peer.receive()):
            with pytest.raises(ClosedError):
                await attempt
        with pytest.raises(ClosedError):
            await peer.next_event()
        with pytest.raises(ClosedError):
            await peer.ask(b"?")
        await peer.close()

    run(work())


def test_what_was_heard_can_be_read_after_closing(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            foreign.say(b"hello")
            await until(lambda: peer.stats.received)
        assert [m.data async for m in peer.listen()] == [b"hello"]

    run(work())


def test_closing_ends_those_who_listen(group: str) -> None:
    async def listened(peer: aio.Peer) -> int:
        return len([m async for m in peer.listen()])

    async def watched(peer: aio.Peer) -> int:
        return len([e async for e in peer.events()])

    async def work() -> None:
        async with aio.open(group) as peer:
            tasks = [
                asyncio.create_task(listened(peer)),
                asyncio.create_task(watched(peer)),
            ]
            await asyncio.sleep(0)
        assert await asyncio.gather(*tasks) == [0, 0]

    run(work())


def test_a_peer_that_is_not_open_says_so(group: str) -> None:
    async def work() -> None:
        peer = aio.open(group)
        with pytest.raises(UsageError, match="not open"):
            _ = peer.joined
        with pytest.raises(UsageError, match="not open"):
            await peer.send(b"x")
        with pytest.raises(UsageError, match="not open"):
            await peer.receive()
        with pytest.raises(UsageError, match="not open"):
            peer.ask(b"?")
        with pytest.raises(UsageError, match="not open"):
            async for _ in peer.listen():
                pass
        assert peer.stats == aio.Stats()
        await peer.close()

    run(work())


def test_a_peer_opens_once(group: str) -> None:
    async def work() -> None:
        peer = aio.open(group)
        async with peer:
            with pytest.raises(UsageError, match="opens once"):
                await peer.open()
        with pytest.raises(UsageError, match="opens once"):
            await peer.open()

    run(work())


def test_failing_to_open_leaves_nothing_behind() -> None:
    async def work(group: str) -> None:
        async with aio.open(group):
            pass

    with pytest.raises(InterfaceError):
        run(work("239.255.78.1%nowhere0:22902"))
    with pytest.raises(AddressError):
        run(work("232.1.1.1%lo:22902"))


def test_a_message_too_large_is_refused_and_the_peer_goes_on(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            with pytest.raises(MessageTooLarge):
                await peer.send(bytes(65_508))
            await peer.send(b"short")
        assert foreign.hear()[0] == b"short"

    run(work())


def test_an_error_in_the_block_closes_the_peer(group: str) -> None:
    async def work() -> None:
        with pytest.raises(LookupError):
            async with aio.open(group):
                raise LookupError

    run(work())


def test_cancelling_inside_the_block_closes_the_peer(group: str) -> None:
    async def forever() -> None:
        async with aio.open(group) as peer:
            async for _ in peer.listen():
                pass

    async def work() -> None:
        task = asyncio.create_task(forever())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(work())


def test_events_tell_of_memberships(group: str) -> None:
    async def work() -> None:
        async with aio.open(group) as peer:
            event = MembershipRenewed(peer.group, "lo", "tested")
            peer._tell([event] * 1001)
            assert await peer.next_event() == event
            async for told in peer.events():
                assert told == event
                break
            assert peer.stats.dropped == {"event-queue-full": 1}

    run(work())


@pytest.mark.parametrize("echo", [0.0, 60.0])
def test_a_port_that_asked_is_somebody_elses_after_a_while(
    monkeypatch: pytest.MonkeyPatch, group: str, foreign: Foreign, echo: float
) -> None:
    monkeypatch.setattr(echoes, "_ECHO_S", echo)

    async def work() -> None:
        async with aio.open(group) as peer:
            async with peer.ask(b"?"):
                _, asker = foreign.hear()
                await until(lambda: peer.stats.dropped == {"own": 1})
            with Foreign(group, port=asker[1]) as heir:
                heir.say(b"hello")
            foreign.say(b"last")
            heard = (await peer.receive()).data
            assert heard == (b"last" if echo else b"hello")

    run(work())
