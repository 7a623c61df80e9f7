import pytest
from tests.probe.flow.packets import SENDER, datagram, rtp

from groupwire.probe.flow import FlowTable, WatchReport
from groupwire.probe.flow.verdict import Limits, Problem, ProblemKind, judge
from groupwire.values import Group

GROUP = Group.parse("239.1.1.1:5000")


def heard(*packets: bytes) -> WatchReport:
    table = FlowTable([GROUP], now=0.0)
    table.take(0, [datagram(p) for p in packets], now=0.5)
    return WatchReport(2.0, 2.0, 2.0, table.report(now=2.0))


LOSSY = heard(*(rtp(n) for n in (0, 1, 2, 3, 4, 5, 6, 7, 9)))


def test_nothing_is_wrong_where_nothing_is_demanded() -> None:
    assert judge(heard(), Limits()) == ()
    assert LOSSY.packets == 9


@pytest.mark.parametrize("limits", [Limits(max_loss=1.0), Limits(min_bits_per_s=1.0)])
def test_silence_is_never_good_enough(limits: Limits) -> None:
    assert judge(heard(), limits) == (Problem(ProblemKind.SILENT, GROUP),)


def test_loss_is_wrong_above_the_limit_only() -> None:
    assert judge(LOSSY, Limits(max_loss=0.1)) == ()
    assert judge(LOSSY, Limits(max_loss=0.09)) == (
        Problem(ProblemKind.LOSS, GROUP, SENDER, 0.1),
    )


def test_loss_that_cannot_be_known_is_not_within_a_limit() -> None:
    (problem,) = judge(heard(b"hello"), Limits(max_loss=0.5))
    assert problem == Problem(ProblemKind.LOSS_UNKNOWN, GROUP)


def test_who_has_no_numbers_does_not_matter_beside_who_has() -> None:
    table = FlowTable([GROUP], now=0.0)
    table.take(0, [datagram(rtp(n)) for n in range(9)], now=0.5)
    table.take(0, [datagram(b"a report", interface=2)], now=0.5)
    report = WatchReport(2.0, 2.0, 2.0, table.report(now=2.0))
    assert judge(report, Limits(max_loss=0.5)) == ()


def test_a_rate_is_that_of_the_whole_time() -> None:
    assert judge(LOSSY, Limits(min_bits_per_s=3600)) == ()
    assert judge(LOSSY, Limits(min_bits_per_s=3601)) == (
        Problem(ProblemKind.RATE, GROUP, value=3600.0),
    )
