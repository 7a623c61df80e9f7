from dataclasses import replace

import pytest
from tests.diagnose.checks.trials.scenes import ETH0, LO, codes, look, one, scene

from groupwire.diagnose.checks.trials import Queriers
from groupwire.diagnose.checks.trials.queriers import other_querier_s
from groupwire.diagnose.trials.seen import QueriesSeen, QueryHeard
from groupwire.values import Interface

QUERY = QueryHeard(
    at_s=1.0, source="198.18.1.9", version=3, igmp=3, interval_s=125, robustness=2
)


def seen(
    listened_s: float, *queries: QueryHeard, able: bool = True, version: int = 4
) -> QueriesSeen:
    return QueriesSeen(
        interface="eth0",
        version=version,
        listened_s=listened_s,
        able=able,
        queries=queries,
        asked=len(queries),
    )


def test_a_querier_is_told() -> None:
    diagnosis = look(Queriers(), scene(seen(2.0, QUERY)))
    found = one(diagnosis)
    assert (found.code, found.severity.value) == ("querier", "info")
    assert found.says.startswith("198.18.1.9 asks on eth0")
    assert "IGMP version 3 query from 198.18.1.9, every 125 s" in found.evidence[0]
    assert not diagnosis.unsure
    assert not diagnosis.missed


def test_a_switch_that_asks_without_an_address_is_told_as_one() -> None:
    query = replace(QUERY, source="0.0.0.0", interval_s=None)
    found = one(look(Queriers(), scene(seen(2.0, query))))
    assert found.says.startswith("A switch (it gives no address) asks")
    assert "every" not in found.evidence[0]


def test_a_quick_look_that_hears_nobody_says_what_would_tell() -> None:
    diagnosis = look(Queriers(), scene(seen(1.0)))
    assert codes(diagnosis) == []
    assert not diagnosis.unsure
    assert "--listen 130" in diagnosis.missed[0]
    assert "root" not in diagnosis.missed[0]


@pytest.mark.parametrize("listen_s", [0, 3])
def test_many_interfaces_are_one_line(listen_s: float) -> None:
    many = [replace(seen(2.0), interface=f"eth{n}") for n in range(500)]
    looked = Queriers().look(scene(*many, listen_s=listen_s))
    (line,) = looked.unsure or looked.missed
    assert "on eth0, eth1, eth2, eth3, eth4, eth5, eth6, eth7 and 492 more" in line
    assert len(looked.at) == 1


def test_without_root_nobody_can_listen() -> None:
    diagnosis = look(Queriers(), scene(seen(0.0, able=False)))
    assert "as root, --listen 130" in diagnosis.missed[0]
    asked = look(Queriers(), scene(seen(0.0, able=False), listen_s=130))
    assert "only root" in asked.unsure[0]


@pytest.mark.parametrize("listened_s", [10.0, 124.9])
def test_silence_below_the_usual_interval_is_inconclusive(listened_s: float) -> None:
    on = scene(seen(listened_s), listen_s=listened_s)
    diagnosis = look(Queriers(), on)
    assert diagnosis.verdict.value == "inconclusive"
    assert "none was heard within" in diagnosis.unsure[0]
    assert not diagnosis.missed


@pytest.mark.parametrize(("version", "protocol"), [(4, "IGMP"), (6, "MLD")])
def test_silence_for_the_usual_interval_is_told(version: int, protocol: str) -> None:
    group = "239.1.1.1:5000" if version == 4 else "[ff15::1]:5000"
    on = scene(seen(130.0, version=version), listen_s=130, group=group)
    diagnosis = look(Queriers(), on)
    found = one(diagnosis)
    assert (found.code, found.severity.value) == ("no-querier", "warning")
    assert f"{protocol} querier" in found.says
    assert found.fix == ()
    assert not diagnosis.unsure


def test_groups_that_every_switch_floods_need_no_querier() -> None:
    on = scene(seen(130.0), listen_s=130, group="224.0.0.251:5353")
    assert codes(look(Queriers(), on)) == []


def test_a_querier_that_stopped_is_told() -> None:
    short = replace(QUERY, interval_s=2, response_s=0.2)
    diagnosis = look(Queriers(), scene(seen(6.0, short), listen_s=6))
    found = one(diagnosis)
    assert (found.code, found.severity.value) == ("querier-silent", "warning")
    assert found.evidence[1] == "silent for 5 s; gone after 4 s"


def test_when_a_querier_counts_as_gone_is_what_it_says_itself() -> None:
    assert other_querier_s(QUERY) == 255
    bare = QueryHeard(at_s=0, source="", version=2, igmp=2)
    assert other_querier_s(bare) == 255
    assert other_querier_s(replace(QUERY, robustness=3)) == 380


BRIDGE = Interface("br0", 7, up=True, multicast=True, kind="bridge")


@pytest.mark.parametrize(
    ("links", "command"),
    [
        ((LO, replace(ETH0, kind="bridge")), "eth0"),
        ((LO, replace(ETH0, master=7), BRIDGE), "br0"),
        ((LO, ETH0, BRIDGE), None),
        ((LO,), None),
    ],
)
def test_where_the_host_is_the_switch_the_command_is_told(
    links: tuple[Interface, ...], command: str | None
) -> None:
    on = scene(seen(130.0), interfaces=links, listen_s=130)
    wanted = f"sudo ip link set {command} type bridge mcast_querier 1"
    assert one(look(Queriers(), on)).fix == ((wanted,) if command else ())


@pytest.mark.parametrize(
    ("group", "severity"),
    [
        ("[ff15::1]:5000", "info"),
        ("[fd00::7]@[ff15::1]:5000", "warning"),
        ("[fd00::7]@[ff35::1]:5000", "error"),
    ],
)
def test_an_old_version_of_mld_cannot_name_a_source(group: str, severity: str) -> None:
    query = QueryHeard(at_s=0.5, source="fe80::1", version=1, igmp=2)
    on = scene(seen(1.0, query, version=6), group=group)
    assert f"{severity} igmp-v2" in codes(look(Queriers(), on))
