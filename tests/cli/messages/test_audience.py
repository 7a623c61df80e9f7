"""Whom a publisher waits for, and how long, in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from tests.cli.messages.virtual import run

from groupwire.cli.messages.audience import Audience, Patience
from groupwire.gather import Expectation
from groupwire.messages.events import MemberJoined, MemberLeft
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.values import Origin


def member(name: str, *, role: Role = Role.SUBSCRIBER) -> Member:
    number = sum(name.encode())
    return Member(number, name, role, Origin("10.0.0.7", 4000 + number), number)


def waited(
    patience: Patience, *comings: tuple[float, str], behind: bool = False
) -> tuple[float, list[str]]:
    """Return when it goes on, and who is there, if these come at these times."""

    async def wait() -> tuple[float, list[str]]:
        loop = asyncio.get_running_loop()
        audience = Audience(patience)
        for at, name in comings:
            loop.call_at(at, audience.hear, MemberJoined(member(name)))
        await (audience.after() if behind else audience.before())
        return round(loop.time(), 3), audience.names

    return run(wait())


BOTH = Expectation.parse("a,b")
TWO = Expectation.parse("2")


@pytest.mark.parametrize(
    ("patience", "at"),
    [
        (Patience(), 0.0),
        (Patience(start_with=0), 0.0),
        (Patience(BOTH, start_with=0), 0.0),
        (Patience(BOTH, start_with=1), 1.0),
        (Patience(start_with=2), 2.0),
        (Patience(BOTH), 2.0),
        (Patience(TWO), 2.0),
        (Patience(Expectation.parse("a,c")), 5.0),
        (Patience(Expectation.parse("3"), wait_s=9.0), 9.0),
        (Patience(wait_s=3.0), 3.0),
    ],
)
def test_the_first_message_waits_for_who_has_to_be_there(
    patience: Patience, at: float
) -> None:
    assert waited(patience, (1.0, "a"), (2.0, "b"))[0] == at


@pytest.mark.parametrize(
    ("patience", "comings", "at"),
    [
        (Patience(), [], 0.5),
        (Patience(), [(0.1, "a")], 0.4),
        (Patience(), [(0.1, "a"), (0.25, "b")], 0.45),
        (Patience(BOTH, start_with=0), [(0.1, "a"), (2.0, "b")], 2.0),
        (Patience(BOTH, start_with=0), [(0.1, "a")], 5.0),
        (Patience(BOTH, start_with=0, wait_s=0.1), [], 0.1),
    ],
)
def test_behind_the_last_message_it_is_known_soon_who_is_there(
    patience: Patience, comings: list[tuple[float, str]], at: float
) -> None:
    when, names = waited(patience, *comings, behind=True)
    assert when == at
    assert names == [name for _, name in comings]


def test_publishers_are_no_audience_and_who_leaves_is_none_any_more() -> None:
    async def hear() -> list[str]:
        audience = Audience(Patience())
        audience.hear(MemberJoined(member("p", role=Role.PUBLISHER)))
        for name in ("a", "b"):
            audience.hear(MemberJoined(member(name)))
        audience.hear(MemberLeft(member("a"), LeaveReason.SAID))
        audience.hear(None)
        return audience.names

    assert run(hear()) == ["b"]


def test_two_with_one_name_are_two() -> None:
    first, other = member("a"), Member(9, "a", Role.SUBSCRIBER, Origin("b", 1), 9)

    async def hear() -> list[str]:
        audience = Audience(Patience(TWO))
        audience.hear(MemberJoined(first))
        audience.hear(MemberJoined(other))
        await audience.before()
        return audience.names

    assert run(hear()) == ["a", "a"]


def test_each_coming_is_told_and_several_at_once_as_one() -> None:
    async def follow() -> list[list[str]]:
        loop = asyncio.get_running_loop()
        audience, seen = Audience(Patience()), []
        for at, name in ((1.0, "a"), (1.0, "b"), (2.0, "c")):
            loop.call_at(at, audience.hear, MemberJoined(member(name)))
        async for _ in audience.changes():
            seen.append(audience.names)
            if len(seen) == 3:
                break
        return seen

    assert run(follow()) == [[], ["a", "b"], ["a", "b", "c"]]
