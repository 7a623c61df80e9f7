from dataclasses import replace

import pytest
from tests.diagnose.checks.moments import (
    ETH0,
    ETH1,
    codes,
    moment,
    only,
    question,
    scene,
)

from groupwire.diagnose.checks.links.mtu import Sizes
from groupwire.diagnose.evidence.surroundings import LinkFacts, Surroundings
from groupwire.diagnose.finding import Severity, Sureness
from groupwire.diagnose.trials.came import Came
from groupwire.values import Interface

CHECK = Sizes()


def _dropped(link: Interface, count: int) -> Surroundings:
    return moment((link,), facts={link.index: LinkFacts(index=2, dropped=count)})


def test_equal_sizes_are_fine() -> None:
    assert codes(CHECK.look(scene())) == []
    assert codes(CHECK.look(scene(question(links=())))) == []


def test_another_way_out_is_looked_at_too() -> None:
    looked = CHECK.look(scene(question(send_by=ETH1)))
    assert "eth1 1500" in looked.at[0]
    assert "eth0" in CHECK.look(scene(question(send_by=ETH0))).at[0]


def test_ports_of_one_bridge_have_to_be_alike() -> None:
    bridge = replace(ETH0, kind="bridge")
    ports = [
        replace(ETH1, name="p1", index=11, master=2),
        replace(ETH1, name="p2", index=12, master=2, mtu_bytes=1280),
    ]
    at = scene(question(links=(bridge,)), moment((bridge, *ports)))
    finding = only(CHECK, at)
    assert finding.severity is Severity.ERROR
    assert finding.fix == ("sudo ip link set p2 mtu 1500",)
    alike = moment((bridge, ports[0]))
    assert codes(CHECK.look(scene(question(links=(bridge,)), alike))) == []


def test_a_small_interface_that_drops_is_an_error() -> None:
    small = replace(ETH0, mtu_bytes=1400)
    asked = question(links=(small,))
    at = scene(asked, _dropped(small, 3), _dropped(small, 8))
    finding = only(CHECK, at)
    assert finding.severity is Severity.ERROR
    assert "packets dropped by eth0 3 -> 8 (/proc/net/dev)" in finding.evidence
    assert finding.sure is Sureness.LIKELY
    assert codes(CHECK.look(scene(asked, _dropped(small, 3)))) == []
    usual = scene(question(), _dropped(ETH0, 3), _dropped(ETH0, 8))
    assert codes(CHECK.look(usual)) == []


@pytest.mark.parametrize(
    ("dropped", "came"),
    [(4, []), (9, [Came(interface="eth0", heard=1)])],
)
def test_a_few_drops_or_a_group_that_is_heard_make_a_warning(
    dropped: int, came: list[Came]
) -> None:
    small = replace(ETH0, mtu_bytes=1400)
    before, after = _dropped(small, 0), _dropped(small, dropped)
    at = scene(question(links=(small,)), before, after, trials=came)
    finding = only(CHECK, at)
    assert (finding.severity, finding.sure) == (Severity.WARNING, Sureness.POSSIBLE)


def test_what_is_below_the_promise_of_ip_is_a_warning() -> None:
    tiny = replace(ETH0, mtu_bytes=1000)
    assert codes(CHECK.look(scene(question(links=(tiny,))))) == []
    asked = question("[ff15::4242]:10000", links=(tiny,))
    assert only(CHECK, scene(asked)).severity is Severity.WARNING
