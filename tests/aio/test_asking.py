import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.aio.places import Foreign, run, until

from groupwire import aio
from groupwire.aio.asking import described
from groupwire.errors import (
    AddressError,
    InterfaceError,
    MachineError,
    MessageTooLarge,
    MissingAnswers,
    UsageError,
)
from groupwire.gather import Answer, Form, StoppedBy
from groupwire.net import Choice
from groupwire.values import Group, Interface

pytestmark = pytest.mark.usefixtures("no_leaks")


async def members(stack: AsyncExitStack, group: str, *names: str) -> list[aio.Peer]:
    """Open members that answer with their names."""
    return [
        await stack.enter_async_context(
            aio.open(
                group, name=name, on_message=lambda m, n=name: m.answer(n.encode())
            )
        )
        for name in names
    ]


def test_every_member_answers_and_silence_ends_it(group: str) -> None:
    async def work() -> None:
        async with AsyncExitStack() as stack:
            await members(stack, group, "a", "b", "c")
            result = await aio.ask(group, b"status?")
        assert sorted(a.data for a in result.answers) == [b"a", b"b", b"c"]
        assert result.stopped_by is StoppedBy.STALL
        assert result.complete
        assert all(0 < a.rtt < 1 for a in result.answers)

    run(work())


def test_names_are_expected_and_the_missing_ones_told(group: str) -> None:
    async def work() -> None:
        async with AsyncExitStack() as stack:
            await members(stack, group, "a", "b")
            asking = aio.ask(group, b"?", expect={"a", "b", "c"}, timeout=0.5)
            result = await asking
        assert asking.sent.form is Form.TAGGED
        assert {a.member for a in result.answers} == {"a", "b"}
        assert (result.missing, result.attempts) == (("c",), 3)
        assert result.stopped_by is StoppedBy.RETRIES
        with pytest.raises(MissingAnswers, match="c"):
            result.raise_for_missing()

    run(work())


def test_two_members_of_one_name_are_told(group: str) -> None:
    async def work() -> None:
        async with AsyncExitStack() as stack:
            await members(stack, group, "twin", "twin")
            result = await aio.ask(group, b"?", tagged=True)
        assert [a.member for a in result.answers] == ["twin", "twin"]
        assert result.clashes == ("twin",)

    run(work())


def test_answers_are_iterated_as_they_come(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        found: list[Answer] = []
        async with aio.ask(group, b"?", expect=3) as answers:
            _, asker = foreign.hear()
            foreign.say(b"0", asker)
            async for answer in answers:
                assert len(answers.result.answers) == len(found) + 1
                found.append(answer)
                foreign.say(b"%d" % len(found), asker)
                assert not answers.result.complete
                if len(found) == 3:
                    break
        assert [a.data for a in found] == [b"0", b"1", b"2"]
        assert answers.result.stopped_by is StoppedBy.STOPPED

    run(work())


def test_iterating_ends_with_the_question(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with aio.ask(group, b"?", first=2) as answers:
            _, asker = foreign.hear()
            for data in (b"1", b"2", b"3"):
                foreign.say(data, asker)
            assert [a.data async for a in answers] == [b"1", b"2"]
            await until(lambda: answers.result.late)
        assert (answers.result.late, answers.result.stopped_by) == (
            1,
            StoppedBy.FIRST,
        )

    run(work())


def test_duplicates_are_counted(group: str, foreign: Foreign) -> None:
    async def work() -> None:
        async with aio.ask(group, b"?", expect=2) as answers:
            _, asker = foreign.hear()
            for _ in range(3):
                foreign.say(b"ack", asker)
            await until(lambda: answers.result.duplicates == 2)

    run(work())


def test_a_plain_question_is_the_bytes_as_they_are(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        async with aio.ask(group, b"very important data") as answers:
            assert foreign.hear()[0] == b"very important data"
            assert answers.sent.size_bytes == 19

    run(work())


def test_cancelling_goes_through_and_keeps_what_was_gathered(
    group: str, foreign: Foreign
) -> None:
    async def work() -> None:
        asking = aio.ask(group, b"?", expect=2)
        task = asyncio.create_task(_awaited(asking))
        await asyncio.sleep(0)
        _, asker = foreign.hear()
        foreign.say(b"ack", asker)
        await until(lambda: asking.result.answers)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [a.data for a in asking.result.answers] == [b"ack"]
        assert asking.result.stopped_by is StoppedBy.STOPPED

    run(work())


async def _awaited(asking: aio.Asking) -> None:
    await asking


def test_cancelling_while_iterating_goes_through(group: str, foreign: Foreign) -> None:
    async def iterate() -> None:
        async with aio.ask(group, b"?", expect=2) as answers:
            async for _ in answers:
                pass

    async def work() -> None:
        task = asyncio.create_task(iterate())
        await asyncio.sleep(0)
        foreign.hear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(work())


def test_an_error_inside_the_block_goes_through(group: str) -> None:
    async def work() -> None:
        with pytest.raises(LookupError):
            async with aio.ask(group, b"?", expect=2):
                raise LookupError

    run(work())


def test_the_caller_may_stop_it(group: str) -> None:
    async def work() -> None:
        async with aio.ask(group, b"?", expect=2) as answers:
            answers.stop()
            answers.stop()
            assert [a async for a in answers] == []
        answers.stop()
        assert answers.result.stopped_by is StoppedBy.STOPPED

    run(work())


def test_a_question_is_asked_once(group: str) -> None:
    async def work() -> None:
        asking = aio.ask(group, b"?", stall=0.01)
        for look in (lambda: asking.result, lambda: asking.sent):
            with pytest.raises(UsageError):
                look()
        asking.stop()
        await asking
        with pytest.raises(UsageError, match="was asked"):
            await asking
        with pytest.raises(UsageError, match="was asked"):
            async with asking:
                pass

    run(work())


def test_two_questions_at_once_do_not_mix(group: str) -> None:
    async def work() -> None:
        async with aio.open(group, on_message=lambda m: m.answer(m.data)):
            one, two = await asyncio.gather(
                aio.ask(group, b"one", expect=1), aio.ask(group, b"two", expect=1)
            )
        assert [a.data for a in one.answers] == [b"one"]
        assert [a.data for a in two.answers] == [b"two"]

    run(work())


def test_what_was_sent_is_told_with_its_warnings() -> None:
    async def work() -> None:
        sent = await aio.send("224.0.0.251%lo:22900", b"hello", ttl=4)
        assert [i.name for i in sent.interfaces] == ["lo"]
        assert (sent.reason, sent.size_bytes, sent.ttl) == ("lo was named", 5, 4)
        (warning,) = sent.warnings
        assert "routers never forward 224.0.0.251" in warning

    run(work())


def test_fragments_and_a_missing_carrier_deserve_a_warning() -> None:
    unplugged = Interface("eth0", 2, up=True, multicast=True)
    choice = Choice((unplugged,), "it was named")
    group = Group.parse("239.255.78.1:5000")
    sent = described(group, choice, bytes(3000), Form.PLAIN, aio.PeerConfig(), 1472)
    fragments, carrier = sent.warnings
    assert "3000 bytes travel in 3 fragments" in fragments
    assert "eth0 has no carrier" in carrier


def test_a_question_that_finds_no_way_out_fails_and_closes() -> None:
    async def work() -> None:
        asking = aio.ask("[ff15::4242%lo]:22903", b"?")
        with pytest.raises(MachineError, match=r"ff15::4242|IPv6"):
            await asking
        assert asking.result.stopped_by is StoppedBy.STOPPED

    run(work())


@pytest.mark.parametrize("size", [65_508, 100_000])
def test_a_message_that_no_datagram_holds_is_refused(group: str, size: int) -> None:
    async def ask() -> None:
        await aio.ask(group, bytes(size))

    async def send() -> None:
        await aio.send(group, bytes(size))

    for work in (ask, send):
        with pytest.raises(MessageTooLarge):
            run(work())


def test_what_cannot_be_asked_is_refused_at_once(group: str) -> None:
    with pytest.raises(UsageError):
        aio.ask(group, b"?", expect={"a"}, tagged=False)
    with pytest.raises(AddressError):
        aio.ask("10.0.0.1:5", b"?")
    with pytest.raises(UsageError):
        aio.ask(group, b"?", ttl=256)


def test_an_interface_that_is_not_there_is_told_when_asked() -> None:
    async def work() -> None:
        with pytest.raises(InterfaceError, match="nowhere0"):
            await aio.ask("239.255.78.1:22901", b"?", interface="nowhere0")

    run(work())


def test_the_environment_names_the_default_group(
    monkeypatch: pytest.MonkeyPatch, group: str, foreign: Foreign
) -> None:
    monkeypatch.setenv("GROUPWIRE_GROUP", group)
    run(aio.send(None, b"to the default"))
    assert foreign.hear()[0] == b"to the default"
