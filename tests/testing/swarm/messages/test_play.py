"""Worlds pass, the same for the same seed, and each wrong that is planted is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from groupwire.messages.delivery import Delivery
from groupwire.messages.events import Batch, Gap, SubscribeEvent
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.subscribe.subscriber import Subscriber
from groupwire.testing import Faults
from groupwire.testing.swarm.__main__ import main, play
from groupwire.testing.swarm.messages import Outcome, Play, World
from groupwire.testing.swarm.messages import hearing as hearing_module
from groupwire.testing.swarm.messages import speaking as speaking_module
from groupwire.testing.swarm.messages.world import Fate, Hearer, Saying, Span, Speaker

LINK = Faults(delay_s=0.001)
STEADY = Fate()


def says(delivery: Delivery, count: int = 6) -> tuple[Saying, ...]:
    return tuple(Saying(0.1 * n, "a", (20, 0), delivery) for n in range(count))


def speaker(delivery: Delivery = Delivery.RELIABLE, **changes: Any) -> Speaker:
    usual = Speaker("w0", LINK, Fate(0.5), says(delivery), (0.35,), 1.0)
    return replace(usual, **changes)


def outcome(
    *hearers: Hearer, of: Speaker | None = None, keep_log: bool = False
) -> Outcome:
    world = World(1, (of or speaker(),), hearers or (Hearer("r0", LINK, STEADY),))
    return Play(world, keep_log=keep_log).run()


# In two of the last a publisher stands still while subscribers say that they are here;
# in one it is heard from the midst of an object first.
@pytest.mark.parametrize("seed", [*range(25), 5179, 6132, 8225])
def test_seeds_pass(seed: int) -> None:
    played = play(seed, messages=True)
    assert played.wrongs == ()
    assert played.datagrams > 0


def test_two_runs_of_a_seed_write_the_same_log() -> None:
    plays = [Play(World.of(3), keep_log=True) for _ in range(2)]
    assert plays[0].run() == plays[1].run()
    assert plays[0].lab.log.text == plays[1].lab.log.text


@pytest.mark.parametrize("delivery", list(Delivery))
def test_all_that_is_said_is_had(delivery: Delivery) -> None:
    late = Hearer("late", LINK, Fate(1.2))
    played = outcome(Hearer("r0", LINK, STEADY), late, of=speaker(delivery))
    assert played.wrongs == ()
    assert played.delivered >= 6


@pytest.mark.parametrize(
    "fate",
    [
        Fate(crash=Span(0.8, 0.3)),
        Fate(crash=Span(0.8, 0.0)),
        Fate(pause=Span(0.7, 1.0)),
        Fate(cut=Span(0.7, 2.0)),
    ],
)
def test_fates_are_played(fate: Fate) -> None:
    assert outcome(Hearer("r0", LINK, fate)).wrongs == ()
    begun = replace(fate, begins_s=0.5)
    assert outcome(of=speaker(fate=begun)).wrongs == ()


def test_a_slow_program_and_one_that_leaves_are_played() -> None:
    slow = Hearer("slow", LINK, STEADY, queue_bytes=200, takes_bytes_per_s=2000)
    leaving = Hearer("leaving", LINK, STEADY, closes_s=0.9)
    assert outcome(slow, leaving).wrongs == ()


class Planted(Subscriber):
    """Hands batches over otherwise than they came."""

    def poll_events(self) -> Sequence[SubscribeEvent]:
        return [x for event in super().poll_events() for x in self.plant(event)]

    def plant(self, event: SubscribeEvent) -> list[SubscribeEvent]:
        return [event]


class Twice(Planted):
    def plant(self, event: SubscribeEvent) -> list[SubscribeEvent]:
        return [event, event] if isinstance(event, Batch) else [event]


class Silent(Planted):
    def plant(self, event: SubscribeEvent) -> list[SubscribeEvent]:
        lost = isinstance(event, Batch) and event.sequence in {0, 4}
        return [] if lost else [event]


class Forging(Planted):
    def plant(self, event: SubscribeEvent) -> list[SubscribeEvent]:
        if isinstance(event, Batch):
            return [replace(event, payloads=[b"forged"] * len(event.payloads))]
        return [event]


class Dropping(Planted):
    def plant(self, event: SubscribeEvent) -> list[SubscribeEvent]:
        if isinstance(event, Batch) and event.sequence == 4:
            return [Gap(event.publisher, event.delivery, len(event.payloads))]
        return [event]


class Broken(Planted):
    def plant(self, event: SubscribeEvent) -> list[SubscribeEvent]:
        return [event] if 1 // (1 - isinstance(event, Batch)) else []


@pytest.mark.parametrize(
    ("core", "wrong"),
    [
        (Twice, "comes behind"),
        (Silent, "are lacking"),
        (Silent, "before the first are not told"),
        (Forging, "is not the sent one"),
        (Dropping, "reliable ones lost"),
        (Broken, "ZeroDivisionError"),
    ],
)
def test_what_a_subscriber_does_wrong_is_seen(
    core: type[Subscriber], wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing_module, "Subscriber", core)
    assert any(wrong in told for told in outcome().wrongs)


class Staying(Publisher):
    def close(self, *, now: float) -> None:
        """Stay for ever."""


def test_who_never_ends_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking_module, "Publisher", Staying)
    [wrong] = outcome().wrongs
    assert wrong.startswith("hangs: w0")


def test_a_seed_that_fails_is_told_with_its_replay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--messages", "--seeds", "2", "--jobs", "1"]) == 0
    assert "2 passed, 0 failed" in capsys.readouterr().out
    monkeypatch.setattr(hearing_module, "Subscriber", Broken)
    assert main(["--messages", "--seeds", "1", "--jobs", "1"]) == 1
    told = capsys.readouterr().out
    assert "--messages --replay 0 --log" in told
    assert main(["--messages", "--replay", "0", "--log"]) == 1
    assert "speakers: (Speaker(" in capsys.readouterr().out
