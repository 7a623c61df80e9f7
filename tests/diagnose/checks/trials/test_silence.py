from dataclasses import replace

import pytest
from tests.diagnose.checks.trials.scenes import codes, look, one, scene

from groupwire.diagnose.checks.trials import Silence
from groupwire.diagnose.checks.trials.silence import explain, silent_after
from groupwire.diagnose.trials.seen import QueryHeard, SoakSeen, Stretch
from groupwire.diagnose.trials.soak import Diary


def soaked(
    until_s: float, *, every_s: float = 2.0, lasted_s: float = 400.0
) -> SoakSeen:
    """Return a watch in which datagrams came regularly until a moment."""
    diary = Diary()
    for number in range(int(until_s / every_s) + 1):
        diary.note(number * every_s)
    return SoakSeen(
        lasted_s=lasted_s,
        interfaces=("eth0",),
        stretches=tuple(diary.stretches),
        longest_gap_s=diary.longest_gap_s,
    )


def query(at_s: float, interval_s: float | None = 125.0) -> QueryHeard:
    return QueryHeard(
        at_s=at_s, source="198.18.1.9", version=3, igmp=3, interval_s=interval_s
    )


def sending(seen: SoakSeen, until_s: float) -> SoakSeen:
    return replace(seen, asked_peer=True, peer_answered_s=until_s)


def test_what_goes_on_to_the_end_is_steady() -> None:
    diagnosis = look(Silence(), scene(soaked(400)))
    assert codes(diagnosis) == ["info steady"]
    assert not diagnosis.unsure


def test_a_short_watch_leaves_open_what_comes_later() -> None:
    diagnosis = look(Silence(), scene(soaked(60, lasted_s=60)))
    assert codes(diagnosis) == ["info steady"]
    assert "--soak 6" in diagnosis.unsure[0]


def test_nothing_at_all_says_how_to_have_something() -> None:
    diagnosis = look(Silence(), scene(SoakSeen(lasted_s=300)))
    assert codes(diagnosis) == []
    assert "--serve -g 239.255.42.99:10000" in diagnosis.unsure[0]


def test_a_watch_that_could_not_be_is_open() -> None:
    diagnosis = look(Silence(), scene(SoakSeen(lasted_s=0, trouble="no interface")))
    assert "no interface" in diagnosis.unsure[0]


def test_without_a_watch_there_is_nothing_to_say() -> None:
    diagnosis = look(Silence(), scene())
    assert (diagnosis.findings, diagnosis.unsure) == ((), ())


@pytest.mark.parametrize("after_s", [252, 260, 266])
def test_four_minutes_after_the_join_is_the_membership_interval(after_s: int) -> None:
    seen = sending(soaked(after_s), 399)
    found = one(look(Silence(), scene(seen)))
    assert (found.code, found.severity.value) == ("no-querier", "error")
    assert "arrived for 4." in found.says
    assert "after this host joined is the" in found.evidence[-1]


@pytest.mark.parametrize(
    ("after_s", "name"),
    [(260, "group membership interval"), (254, "other querier present interval")],
)
def test_the_interval_that_is_nearest_is_named(after_s: int, name: str) -> None:
    explained = explain(soaked(after_s), after_s)
    assert explained is not None
    assert explained.name == name


def test_silence_after_the_last_query_is_a_querier_that_is_gone() -> None:
    seen = soaked(385, lasted_s=600)
    seen = sending(replace(seen, queries=(query(0), query(125), query(590))), 599)
    found = one(look(Silence(), scene(seen)))
    assert (found.code, found.severity.value) == ("querier-silent", "error")
    assert found.evidence[-1].startswith("259 s after the last query is the")


def test_the_querier_says_itself_what_its_intervals_are() -> None:
    seen = replace(soaked(8, every_s=0.5, lasted_s=16), queries=(query(3.5, 2.0),))
    explained = explain(seen, 8.0)
    assert explained is not None
    assert explained.code == "querier-silent"


def test_a_querier_that_tells_no_interval_has_the_usual_one() -> None:
    seen = replace(soaked(270), queries=(query(10, None),))
    explained = explain(seen, 270)
    assert explained is not None
    assert explained.interval_s == 260


def test_a_time_that_fits_nothing_is_told_as_it_is() -> None:
    seen = soaked(100)
    found = one(look(Silence(), scene(sending(seen, 399))))
    assert (found.code, found.severity.value) == ("silence", "error")
    assert "Unicast goes on" in found.says


def test_a_sender_that_may_have_stopped_is_only_a_warning() -> None:
    found = one(look(Silence(), scene(soaked(100))))
    assert (found.code, found.severity.value) == ("silence", "warning")
    assert "Perhaps the sender stopped" in found.says


def test_a_peer_that_is_silent_altogether_is_told_as_gone() -> None:
    for answered in (100.0, None):
        seen = replace(soaked(100), asked_peer=True, peer_answered_s=answered)
        found = one(look(Silence(), scene(seen)))
        assert "silent altogether" in found.says


def test_a_peer_that_is_gone_makes_a_known_interval_a_warning() -> None:
    found = one(look(Silence(), scene(sending(soaked(260), 260))))
    assert (found.code, found.severity.value) == ("no-querier", "warning")


def test_where_no_interface_is_known_none_is_named() -> None:
    seen = replace(soaked(260), interfaces=())
    assert one(look(Silence(), scene(seen, group="[ff15::1]:5000"))).interface is None


def test_a_stream_with_long_pauses_has_not_stopped_after_one_more() -> None:
    stretches = (Stretch(0, 10, 5), Stretch(60, 70, 5), Stretch(130, 140, 5))
    seen = SoakSeen(lasted_s=300, stretches=stretches, longest_gap_s=2.5)
    assert silent_after(seen) is None
    assert silent_after(replace(seen, lasted_s=400)) == 140


def test_two_datagrams_are_no_stream() -> None:
    seen = SoakSeen(lasted_s=300, stretches=(Stretch(0, 1, 2),), longest_gap_s=1)
    assert silent_after(seen) is None
    assert silent_after(SoakSeen(lasted_s=300)) is None
