from tests.probe.flow.packets import SENDER, datagram, rtp

from groupwire.cli.render.probing.watch_metrics import metrics
from groupwire.probe.flow import FlowTable, WatchReport
from groupwire.values import Group


def page() -> str:
    table = FlowTable([Group.parse("239.1.1.1:5000")], now=0.0)
    packets = [datagram(rtp(n), at=1.0) for n in (0, 1, 2, 3, 5)]
    table.take(0, packets, now=1.0)
    table.take(0, [datagram(b"hello", interface=9)], now=1.0)
    return metrics(WatchReport(2.0, 2.0, 2.0, table.report([3], now=2.0), {1: 'e"0'}))


def test_nothing_is_served_before_the_first_report() -> None:
    assert metrics(None) == "\n"


def test_each_figure_has_its_head_once() -> None:
    lines = page().splitlines()
    heads = [line for line in lines if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads)) == 17
    assert "# TYPE groupwire_watch_packets_total counter" in heads


def test_figures_are_told_by_group_source_and_interface() -> None:
    labels = f'{{group="239.1.1.1:5000",source="{SENDER}",interface="e\\"0"}}'
    assert f"groupwire_watch_packets_total{labels} 5\n" in page()
    assert f"groupwire_watch_lost{labels} 1\n" in page()
    assert (
        'groupwire_watch_group_dropped_here_total{group="239.1.1.1:5000"} 3' in page()
    )


def test_what_cannot_be_known_is_left_out() -> None:
    assert page().count("\ngroupwire_watch_lost{") == 1
    assert page().count("\ngroupwire_watch_packets_total{") == 2
