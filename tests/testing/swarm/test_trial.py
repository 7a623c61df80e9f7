"""The judge passes what is right, and sees every kind of wrong that is planted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.testing.swarm.places import (
    CONFIG,
    FIRST,
    LINK,
    SECOND,
    Believing,
    Broken,
    Deaf,
    Dropping,
    Endless,
    Events,
    Foretelling,
    Forging,
    Hasty,
    Losing,
    Loud,
    Roomless,
    Spinning,
    Spoiling,
    SpoilingForEver,
    Twice,
    life,
    scenario,
)

from groupwire.norm.receive.config import Join
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.testing import Faults
from groupwire.testing.swarm import seat as seat_module
from groupwire.testing.swarm import trial as trial_module
from groupwire.testing.swarm.scenario import Cut, Pace, Scenario
from groupwire.testing.swarm.trial import Outcome, Trial


class Planted:
    """Exchanges the receiver or the sender of all trials."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def receiver(self, core: type[Any]) -> None:
        self._patch.setattr(seat_module, "Receiver", core)

    def sender(self, core: type[Any]) -> None:
        self._patch.setattr(trial_module, "Sender", core)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Planted:
    return Planted(monkeypatch)


def _play(*lives: Any, **changes: Any) -> Outcome:
    return Trial(scenario(*lives, **changes)).run()


# What is right.


@pytest.mark.parametrize("seed", [*range(12), 65_536])
def test_seeds_pass(seed: int) -> None:
    outcome = Trial(Scenario.of(seed)).run()
    assert not outcome.wrongs
    assert outcome.seed == seed
    assert outcome.datagrams > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_two_runs_of_a_seed_write_the_same_log_byte_for_byte(seed: int) -> None:
    trials = [Trial(Scenario.of(seed), keep_log=True) for _ in range(2)]
    outcomes = [trial.run() for trial in trials]
    first, second = (trial.lab.log.text for trial in trials)
    assert first == second
    assert outcomes[0] == outcomes[1]
    assert len(first) > 1000


def test_another_seed_writes_another_log() -> None:
    # The same group, so that nothing but the dice differs.
    lossy = Faults(loss=0.2, delay_s=0.002)
    digests = {_play(life(down=lossy), seed=seed).digest for seed in (1, 2, 1)}
    assert len(digests) == 2


def test_all_that_was_sent_is_delivered_and_counted() -> None:
    outcome = _play(life(FIRST), life(SECOND), messages=(50, 250))
    assert not outcome.wrongs
    assert (outcome.delivered, outcome.lost, outcome.refused) == (6, 0, 0)


@pytest.mark.parametrize("pace", list(Pace))
def test_any_pace_will_do(pace: Pace) -> None:
    lossy = Faults(loss=0.2, delay_s=0.002)
    assert not _play(life(up=lossy, down=lossy), pace=pace).wrongs


def test_the_quick_profile_will_do() -> None:
    lossy = Faults(loss=0.2, delay_s=0.002)
    config = SenderConfig.low_latency(1, 7, members=1)
    assert not _play(life(up=lossy, down=lossy), config=config, sizes=(50_000,)).wrongs


@pytest.mark.parametrize("loss", [0.0, 0.5])
def test_who_is_silent_gets_what_it_can_and_names_the_rest(loss: float) -> None:
    one = life(silent=True, down=Faults(loss=loss))
    outcome = _play(one, sizes=(900, 450, 450))
    assert not outcome.wrongs
    assert outcome.delivered + outcome.lost == 3
    assert (outcome.lost == 0) is (loss == 0)


def test_whom_nobody_hears_is_not_waited_for() -> None:
    one = life(up=Faults(loss=1.0), down=Faults(loss=0.5))
    outcome = _play(one, sizes=(2000, 2000))
    assert not outcome.wrongs
    assert outcome.lost > 0


def test_whom_nothing_of_an_object_reaches_does_not_know_that_it_lacks_it() -> None:
    cut = Cut(0.0, 500.0, up=True, down=True)
    one = life(up=Faults(loss=1.0), cut=cut)
    assert not _play(one).wrongs


def test_a_sender_that_starts_anew_sends_all_anew() -> None:
    outcome = _play(restart_s=0.001)
    assert not outcome.wrongs
    assert outcome.delivered == 2
    outcome = _play(restart_s=3.0)
    assert not outcome.wrongs
    assert outcome.delivered == 4


def test_who_crashes_or_comes_later_is_waited_for_as_long_as_it_is_promised() -> None:
    outcome = _play(
        life(FIRST, crash_s=0.01, back_s=0.3), life(SECOND, crash_s=0.0), life(102)
    )
    assert not outcome.wrongs
    assert outcome.delivered == 4
    assert not _play(life(FIRST), life(SECOND, begins_s=0.5)).wrongs


def test_who_wants_only_what_comes_from_now_on_is_promised_no_more() -> None:
    late = life(SECOND, begins_s=0.007, join=Join.NOW)
    outcome = _play(life(FIRST), late)
    assert not outcome.wrongs
    assert outcome.delivered == 3


def test_wrong_bits_that_no_checksum_sees_are_caught_by_the_digest() -> None:
    dirty = Faults(corruption=0.3, checksum_misses=1)
    outcome = _play(life(down=dirty), sizes=(3000, 3000), seed=5)
    assert not outcome.wrongs
    assert outcome.refused


@pytest.mark.parametrize("seed", range(3))
def test_wrong_bits_on_the_way_back_may_say_anything(seed: int) -> None:
    dirty = Faults(corruption=0.5, checksum_misses=1)
    assert not _play(life(FIRST, up=dirty), life(SECOND, up=dirty), seed=seed).wrongs


# What is planted.


@pytest.mark.parametrize(
    ("core", "wrong"),
    [
        (Forging, "r100: object 0 is not the sent one"),
        (Twice, "r100: object 1 came twice"),
        (Losing, "r100: 1 has not come"),
        (Hasty, "r100: acknowledged without 1"),
        (Deaf, "r100: 0 has not come"),
        (Deaf, "hangs: ['r100']"),
        (Deaf, "r100: has all, and counts as AckStatus.FAILURE"),
        (Broken, "raises ZeroDivisionError: by nobody"),
        (Spinning, "stuck: r100 at 0.0: due at 0.0"),
    ],
)
def test_a_receiver_that_breaks_a_promise_is_seen(
    core: type[Receiver], wrong: str, planted: Planted
) -> None:
    planted.receiver(core)
    assert wrong in _play(life(accept_after_s=0.5)).wrongs


@pytest.mark.parametrize("content", [{}, {"sizes": (0,), "messages": (200, 300)}])
def test_other_bytes_on_clean_links_are_seen(
    content: dict[str, Any], planted: Planted
) -> None:
    planted.receiver(Spoiling)
    assert "r100: a digest is wrong without a reason" in _play(**content).wrongs


def test_who_is_busy_for_ever_hangs(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_module, "_MOST_LINES", 2000)
    planted.receiver(SpoilingForEver)
    outcome = _play()
    assert outcome.wrongs[0].startswith("hangs: ['r100'")
    assert outcome.datagrams < 3000


def test_a_receiver_that_is_silent_and_speaks_is_seen(planted: Planted) -> None:
    planted.receiver(Loud)
    wrongs = _play(life(silent=True)).wrongs
    assert "r100: said something though it is silent" in wrongs
    assert "r100: acknowledged though it is silent" in wrongs


def test_a_sender_that_never_ends_is_seen(planted: Planted) -> None:
    planted.sender(Endless)
    assert _play().wrongs[0] == "hangs: ['sender']"


@pytest.mark.parametrize("loss", [0.0, 1.0])
def test_who_has_not_all_and_is_named_by_nobody_is_seen(
    loss: float, planted: Planted
) -> None:
    wrong = "r100: neither complete nor named as failed"
    cut_off = life(down=Faults(loss=loss))
    assert wrong not in _play(cut_off).wrongs
    planted.sender(Believing)
    assert (wrong in _play(cut_off).wrongs) is (loss == 1)


SMALL = {"messages": (250,) * 20, "buffer_bytes": 1200}  # 3 blocks of 4 segments


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_a_stream_through_a_small_buffer_is_written_as_there_is_room(
    loss: float,
) -> None:
    lossy = Faults(loss=loss, delay_s=0.002)
    outcome = _play(life(FIRST, down=lossy), life(SECOND), **SMALL)
    assert not outcome.wrongs
    assert outcome.delivered == 6
    assert outcome.seconds > _play(life(FIRST), life(SECOND)).seconds


def test_a_sender_that_starts_anew_writes_the_stream_anew() -> None:
    assert not _play(restart_s=0.1, **SMALL).wrongs


def test_a_sender_that_never_tells_of_room_is_seen(planted: Planted) -> None:
    planted.sender(Roomless)
    assert "sender" in _play(**SMALL).wrongs[0]


def test_a_sender_that_says_of_others_that_they_have_acknowledged_is_seen(
    planted: Planted,
) -> None:
    planted.sender(Foretelling)
    wrongs = _play(life(FIRST), life(SECOND, begins_s=1.0)).wrongs
    assert "r101: acknowledged before it was there" in wrongs


def test_a_member_that_is_named_as_too_slow_is_promised_nothing(
    planted: Planted,
) -> None:
    planted.sender(Dropping)
    lossy = Faults(loss=0.3)
    outcome = _play(life(FIRST, down=lossy), life(SECOND), sizes=(4000,))
    assert not outcome.wrongs
    assert outcome.lost == 1


def test_what_is_planted_is_nothing_but_what_its_name_says(planted: Planted) -> None:
    class Honest(Events):
        def tell(self, event: Any) -> Any:
            return [event]

    planted.receiver(Honest)
    assert not _play().wrongs
    assert CONFIG.node not in (FIRST, SECOND)
    assert LINK.loss == 0
