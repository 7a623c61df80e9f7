"""Who has a message: whoever was here before, is named, or comes in time."""

from __future__ import annotations

import asyncio

import pytest
from tests.aio.messages.places import first, gone, here, soon
from tests.aio.places import run

from groupwire import aio
from groupwire.aio import PublishConfig, SubscribeConfig
from groupwire.aio.messages import Receipt
from groupwire.errors import NotDelivered, UsageError
from groupwire.messages.members import Member
from groupwire.messages.publish.publisher import Publisher

pytestmark = pytest.mark.usefixtures("no_leaks")

QUICK = PublishConfig(patience=0.3)


@pytest.mark.parametrize("by", [None, "s1", ["s1"], 1])
def test_who_was_there_before_is_waited_for_and_has_the_first_message(
    group: str, by: str | int | list[str] | None
) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="s1") as one,
            aio.publish(group, name="probe") as probe,
        ):
            sent = await probe.send("a", b"first")
            receipt = await sent.received(by)
            assert receipt == Receipt(frozenset({"s1"}), frozenset())
            assert receipt.complete
            receipt.raise_for_missing()
            assert [m.data for m in await first(aiter(one), 1)] == [b"first"]
            assert repr(sent) == "<Published 0: reliable>"

    run(work())


def test_who_never_comes_is_missing_by_name_or_by_number(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="s1"),
            aio.publish(group, name="probe", config=QUICK) as probe,
        ):
            sent = await probe.send("a", b"x")
            receipt = await sent.received({"s1", "ghost"})
            assert receipt == Receipt(frozenset({"s1"}), frozenset({"ghost"}))
            with pytest.raises(NotDelivered, match="1 member: ghost"):
                receipt.raise_for_missing()
            by_number = await sent.received(3, timeout=0.1)
            assert (by_number.unknown, by_number.missing_count) == (2, 2)
            assert not by_number.complete
            for wrong in (0, "a b"):
                with pytest.raises(UsageError):
                    await sent.received(wrong)

    run(work())


def test_nobody_at_all_is_not_complete(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            receipt = await (await probe.send("a", b"x")).received()
            assert receipt == Receipt(frozenset(), frozenset())
            with pytest.raises(NotDelivered, match="nobody has it"):
                receipt.raise_for_missing()
            assert not await probe.wait_for()
            assert not await probe.wait_for("s1", timeout=0.01)

    run(work())


def test_a_timeout_ends_waiting_for_who_does_not_answer(group: str) -> None:
    async def work() -> None:
        config = SubscribeConfig(queue=20_000)
        async with (
            aio.subscribe(group, name="slow", config=config) as slow,
            aio.publish(group, name="probe") as probe,
        ):
            assert await probe.wait_for("slow")
            sent = await probe.send_many("a", [bytes(1000)] * 60)
            receipt = await sent.received(timeout=0.1)
            assert receipt == Receipt(frozenset(), frozenset({"slow"}))
            await first(aiter(slow), 60)
            assert (await sent.received()).complete

    run(work())


def test_a_publisher_waits_until_names_or_so_many_are_here(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            waiting = asyncio.create_task(probe.wait_for({"s1", "s2"}))
            async with aio.subscribe(group, name="s1"):
                assert await probe.wait_for(1)
                assert not waiting.done()
                async with aio.subscribe(group, name="s2"):
                    assert await waiting
                    assert await probe.wait_for(2)
                    assert await probe.wait_for()

    run(work())


def test_who_has_left_is_not_waited_for(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            async with aio.subscribe(group, name="s1"):
                await here(probe, "s1")
            await gone(probe, "s1")
            sent = await probe.send("a", b"x")
            async with asyncio.timeout(1):
                assert (await sent.received("s1")).missing == {"s1"}

    run(work())


def test_who_came_after_a_message_has_no_receipt_for_it(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="early"),
            aio.publish(group, name="probe", config=QUICK) as probe,
        ):
            sent = await probe.send("a", b"before")
            assert (await sent.received()).received == {"early"}
            async with aio.subscribe(group, name="late"):
                await here(probe, "late")
                assert await sent.received() == Receipt(
                    frozenset({"early"}), frozenset()
                )
                assert await sent.received({"early", "late"}) == Receipt(
                    frozenset({"early"}), frozenset({"late"})
                )
                assert (await sent.received(2)).missing_count == 1
                after = await probe.send("a", b"after")
                assert (await after.received(2)).received == {"early", "late"}

    run(work())


def test_a_namesake_that_came_later_is_not_missing(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="twin"),
            aio.publish(group, name="probe", config=QUICK) as probe,
        ):
            sent = await probe.send("a", b"before")
            whole = Receipt(frozenset({"twin"}), frozenset())
            assert await sent.received("twin") == whole
            async with aio.subscribe(group, name="twin"):
                await soon(lambda: len(probe.members) == 2)
                assert await sent.received() == whole
                assert await sent.received("twin") == whole
                after = await probe.send("a", b"after")
                assert len((await after.received("twin")).received) == 2

    run(work())


def test_a_member_is_asked_alone_whoever_else_has_its_name(group: str) -> None:
    async def work() -> None:
        config = SubscribeConfig(queue=20_000)
        async with (
            aio.subscribe(group, name="twin", config=config) as slow,
            aio.subscribe(group, name="twin") as quick,
            aio.publish(group, name="probe") as probe,
        ):
            await soon(lambda: len(probe.members) == 2)
            sent = await probe.send_many("a", [bytes(1000)] * 60)
            await first(aiter(quick), 60)
            asked = {
                asyncio.ensure_future(probe.is_received(sent, member))
                for member in probe.members
            }
            done, waiting = await asyncio.wait(
                asked, return_when=asyncio.FIRST_COMPLETED
            )
            assert [task.result() for task in done] == [True]
            await slow.close()
            assert [await task for task in waiting] == [False]

    run(work())


def test_a_name_is_that_of_all_who_have_it(group: str) -> None:
    async def work() -> None:
        config = SubscribeConfig(queue=20_000)
        async with (
            aio.subscribe(group, name="twin", config=config) as slow,
            aio.subscribe(group, name="twin") as quick,
            aio.publish(group, name="probe") as probe,
        ):
            sent = await probe.send_many("a", [bytes(1000)] * 60)
            await first(aiter(quick), 60)
            receipt = await sent.received("twin", timeout=1)
            assert (len(receipt.received), receipt.missing_count) == (1, 1)
            shown = receipt.received | receipt.missing
            assert "twin" in shown
            assert any(name.startswith("twin (") for name in shown)
            await first(aiter(slow), 60)
            assert len((await sent.received("twin")).received) == 2

    run(work())


def test_so_many_may_be_some_who_have_left_meanwhile(group: str) -> None:
    async def work() -> None:
        async with (
            aio.subscribe(group, name="stays"),
            aio.publish(group, name="probe") as probe,
        ):
            async with aio.subscribe(group, name="leaves"):
                await here(probe, "stays", "leaves")
                sent = await probe.send("a", b"x")
                asking = asyncio.create_task(sent.received(3, appear=1))
                assert (await sent.received(2)).complete
            await gone(probe, "leaves")
            async with aio.subscribe(group, name="third"):
                receipt = await asking
        assert receipt == Receipt(frozenset({"stays", "leaves"}), frozenset(), 1)

    run(work())


def test_who_came_later_is_not_taken_for_one_of_so_many_that_are_still_to_be_heard(
    monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            monkeypatch.setattr(Publisher, "came_later", _is_late)
            monkeypatch.setattr(Publisher, "acquainted_in", lambda *_, **_now: 9.0)
            sent = await probe.send("a", b"x")
            asking = asyncio.create_task(sent.received(2))
            async with (
                aio.subscribe(group, name="early"),
                aio.subscribe(group, name="late"),
            ):
                await here(probe, "early", "late")
                async with aio.subscribe(group, name="slow-to-say-so"):
                    receipt = await asking
        assert receipt.received | receipt.missing == {"early", "slow-to-say-so"}

    run(work())


def _is_late(_core: object, member: Member, *_message: object) -> bool:
    return member.name == "late"


def test_a_delivery_may_be_its_plain_word_and_no_other(group: str) -> None:
    async def work() -> None:
        async with aio.publish(group, name="probe") as probe:
            sent = await probe.send("a", b"x", delivery="besteffort")  # type: ignore[arg-type]
            assert repr(sent) == "<Published 0: besteffort>"
            with pytest.raises(UsageError, match="nobody acknowledges besteffort"):
                await sent.received()
            for send in (probe.send, probe.send_many):
                with pytest.raises(UsageError, match="delivery is 'bogus'"):
                    await send("a", [b"x"], delivery="bogus")  # type: ignore[arg-type, operator]
            with pytest.raises(UsageError, match="delivery is 'bogus'"):
                probe.send_now("a", b"x", delivery="bogus")  # type: ignore[arg-type]

    run(work())


def test_two_tasks_that_take_messages_take_all_of_them(group: str) -> None:
    async def take(messages: aio.Subscribing, into: list[bytes]) -> None:
        while (message := await messages.next_message()) is not None:
            into.append(message.data)
            await asyncio.sleep(0)

    async def work() -> None:
        taken: list[bytes] = []
        sent = [b"%d" % number for number in range(60)]
        async with aio.subscribe(group, name="s1") as messages:
            tasks = [asyncio.create_task(take(messages, taken)) for _ in range(2)]
            async with aio.publish(group, name="probe") as probe:
                for at in range(0, 60, 10):
                    await probe.send_many("a", sent[at : at + 10])
                    await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
        assert sorted(taken) == sorted(sent)

    run(work())
