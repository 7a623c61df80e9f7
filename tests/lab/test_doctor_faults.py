"""Faults of the network, made on purpose: the doctor finds each by its code alone."""

import json
import shlex
import sys
import time

import pytest
from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import Told, start, told
from tests.lab.harness.diagnoses import note
from tests.lab.harness.sockets import query
from tests.lab.harness.waiting import until

_GROUP = "239.255.42.99"
_ROUTED = ("--ttl", "2")


def doctor(host: Host, *arguments: str) -> Told:
    """Run a diagnosis to its end."""
    return told(start(host, "doctor", *arguments), within=60)


def serving(host: Host, *arguments: str) -> Process:
    """Start the other end, and return it when it has looked at itself."""
    process = start(host, "doctor", "--serve", *arguments)
    process.line('"serving"')
    host.wait_for(_GROUP)
    return process


def codes(found: Told, severity: str = "error") -> list[str]:
    """Return the codes of one severity, in order."""
    lines = found.all("finding")
    return [line["code"] for line in lines if line["severity"] == severity]


def says(found: Told, code: str) -> str:
    """Return what the first finding with this code says, and its evidence."""
    line = next(line for line in found.all("finding") if line["code"] == code)
    return json.dumps([line["says"], line["evidence"]])


def mend(host: Host, found: Told, code: str) -> None:
    """Type what the first finding with this code says."""
    line = next(line for line in found.all("finding") if line["code"] == code)
    assert line["fix"], str(found)
    for fix in line["fix"]:
        host.run(*shlex.split(fix))


def noted(fault: str, found: Told, code: str) -> None:
    """Write it into the table of the documentation, where that is wanted."""
    finding = next(f for f in found.all("finding") if f["code"] == code)
    note(fault, finding, found.end["took_s"])


def filtered(host: Host, rule: str, hook: str = "input") -> None:
    """Give a host a firewall with one rule."""
    chain = f"type filter hook {hook} priority 0; {rule};"
    host.run("nft", "-f", "-", text=f"table inet fault {{ chain one {{ {chain} }}; }}")


# Nothing wrong


def test_two_hosts_on_a_healthy_segment(lab: Laboratory) -> None:
    a, b = lab.segment(2, snoop=True, querier=True, flood_unknown=False)
    serving(b)
    lab.switch_of(a).wait_for(_GROUP, b)
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == [], str(found)
    assert "in both directions" in says(found, "peer")
    assert found.code == 0


def test_two_hosts_on_a_healthy_segment_by_ipv6(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    start(b, "doctor", "--serve", "-g", "[ff15::4242]:10000").line('"serving"')
    found = doctor(a, "-g", "[ff15::4242]:10000", "--peer", b.v6)
    assert codes(found) == [], str(found)
    assert "in both directions" in says(found, "peer")


def test_two_hosts_that_know_each_other_by_their_link(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    group = ("-g", "[ff12::4242%eth0]:10000")
    start(b, "doctor", "--serve", *group).line('"serving"')
    listed = b.run("ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "link")
    peer = listed.split("inet6 ")[1].split("/")[0]
    found = doctor(a, *group, "--peer", f"{peer}%eth0")
    assert codes(found) == [], str(found)
    assert "in both directions" in says(found, "peer")


@pytest.mark.parametrize(
    ("sender", "words"),
    [(0, "in both directions"), (1, "passes from"), (2, "passes from")],
)
def test_a_group_with_one_sender(lab: Laboratory, sender: int, words: str) -> None:
    hosts = lab.segment(3)
    group = ("-g", f"{hosts[sender].v4}@232.1.1.1:10000")
    start(hosts[1], "doctor", "--serve", *group).line('"serving"')
    hosts[1].wait_for("232.1.1.1")
    found = doctor(hosts[0], *group, "--peer", hosts[1].v4)
    assert codes(found) == [], str(found)
    assert words in says(found, "peer")


def test_this_machine_is_no_other_end(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    serving(a)
    found = doctor(a, "--peer", a.v4)
    assert (codes(found), found.end["verdict"]) == ([], "inconclusive"), str(found)


def test_two_hosts_with_a_router_between(lab: Laboratory) -> None:
    (a,), (b,) = lab.routed(2)
    serving(b, *_ROUTED)
    found = doctor(a, "--peer", b.v4, *_ROUTED)
    assert codes(found) == [], str(found)
    assert "one router between" in says(found, "peer")


def test_a_member_that_only_receives_shows_the_way_there(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    start(b, "receive", "--name", "bob").line('"joined"')
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == [], str(found)
    assert "bob answered" in says(found, "peer")


def test_a_peer_that_is_not_there_leaves_it_open(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    found = doctor(a, "--peer", b.v4, "--strict")
    assert (found.code, found.end["verdict"]) == (1, "inconclusive"), str(found)
    assert codes(found) == []


# Switches and their queriers


def test_a_querier_is_told(lab: Laboratory) -> None:
    (a,) = lab.segment(1, snoop=True, querier=True)
    found = doctor(a, "--listen", "3")
    assert codes(found) == [], str(found)
    assert "IGMP version 3" in says(found, "querier")
    assert found.end["verdict"] == "ok"


def test_without_a_querier_a_short_look_is_inconclusive(lab: Laboratory) -> None:
    (a,) = lab.segment(1, snoop=True)
    found = doctor(a, "--listen", "2")
    assert (found.code, found.end["verdict"]) == (0, "inconclusive"), str(found)
    assert codes(found) == []


def test_snooping_without_a_querier_is_proved_by_a_peer(lab: Laboratory) -> None:
    a, b = lab.segment(2, snoop=True, flood_unknown=False)
    serving(b)
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["no-querier"], str(found)
    noted("a snooping switch, and nobody who asks", found, "no-querier")
    assert found.code == 1
    # What it says that the switch lacks is what mends it.
    lab.switch_of(a).snoop(on=True, querier=True)
    lab.switch_of(a).wait_for(_GROUP, b)
    assert codes(doctor(a, "--peer", b.v4)) == []


def test_a_switch_that_has_forgotten_the_peer_is_proved(lab: Laboratory) -> None:
    a, b, c = lab.segment(3, snoop=True)
    switch = lab.switch_of(a)
    switch.rely_on_queries()
    query(c)  # the only one: it is believed for four minutes
    serving(b)
    switch.wait_for(_GROUP, b)
    # A new member says so once more, within a second (RFC 3376, section 8.11).
    repeated = time.monotonic() + 1.5
    until(lambda: time.monotonic() > repeated, "b has said it twice")
    port = b.link.port
    switch.run("bridge", "mdb", "del", "dev", "bridge", "port", port, "grp", _GROUP)
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["no-querier"], str(found)
    noted("a switch that has forgotten a member", found, "no-querier")
    assert "joined once more" in says(found, "no-querier")


def test_a_querier_that_dies_is_noticed_while_listening(lab: Laboratory) -> None:
    a, c = lab.segment(2, snoop=True)
    listening = start(a, "doctor", "--listen", "5")
    # Asked before it listens nobody would have asked: it reads the firewall first.
    a.wait_for(_GROUP)
    for _ in range(4):
        query(c, interval_s=1)
    found = told(listening, within=30)
    assert "querier-silent" in codes(found, "warning"), str(found)
    noted("a querier that dies (`--listen`)", found, "querier-silent")
    assert codes(found) == []


def test_a_querier_of_version_2(lab: Laboratory) -> None:
    (a,) = lab.segment(1, snoop=True, querier=True)
    switch = lab.switch_of(a)
    switch.ip("link set bridge type bridge mcast_igmp_version 2")
    until(lambda: "V2" in str(a.table("igmp")), "a hears a query of version 2")
    found = doctor(a)
    assert codes(found) == [], str(found)
    assert "igmp-v2" in codes(found, "info")
    asked = doctor(a, "-g", "10.0.0.7@232.1.1.1:5000")
    assert codes(asked) == ["igmp-v2"], str(asked)
    noted("a querier of IGMP version 2, a named sender", asked, "igmp-v2")


def test_a_querier_of_mld_version_1(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    lab.switch_of(a).ip(
        "address add fe80::99/64 dev bridge nodad",
        "link set bridge type bridge mcast_mld_version 1 mcast_querier 1 "
        "mcast_snooping 1",
    )
    group = "[fd00::7]@[ff35::8000:1]:5000"
    found = doctor(a, "-g", group, "--listen", "3")
    assert codes(found) == ["igmp-v2"], str(found)
    noted("a querier of MLD version 1, a named sender", found, "igmp-v2")


def test_four_minutes_in_a_few_seconds(lab: Laboratory) -> None:
    a, b, c = lab.segment(3, snoop=True)
    switch = lab.switch_of(a)
    # Believed for long, while members are forgotten after five seconds.
    switch.ip("link set bridge type bridge mcast_querier_interval 25500")
    query(c, interval_s=2)
    serving(b)
    soaking = start(a, "doctor", "--soak", "0.28", "--peer", b.v4)
    soaking.line('"question"')
    a.wait_for(_GROUP)
    for _ in range(10):
        query(c, interval_s=2)
    found = told(soaking, within=60)
    assert codes(found) == ["querier-silent"], str(found)
    noted("works for a while, then silence (`--soak`)", found, "querier-silent")
    assert "group membership interval" in says(found, "querier-silent")


# On the way


def test_a_router_takes_the_ttl(lab: Laboratory) -> None:
    (a,), (b,) = lab.routed(2)
    serving(b)
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["ttl"], str(found)
    noted("a router between, TTL 1", found, "ttl")
    assert "with TTL 2: 3 sent, 3 arrived" in says(found, "ttl")


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (True, "lost from the peer 198.18.1.2 to this host"),
        (False, "lost from this host to the peer 198.18.1.2"),
    ],
)
def test_multicast_lost_in_one_direction(
    lab: Laboratory, away: bool, words: str
) -> None:
    a, b = lab.segment(2)
    serving(b)
    faulty = b if away else a
    faulty.link.lose(1, away=True, match=f"ip daddr {_GROUP}")
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["asymmetric"], str(found)
    assert words in says(found, "asymmetric")
    where = "from the peer" if away else "to the peer"
    noted(f"multicast is lost on its way {where}", found, "asymmetric")


def test_a_peer_with_a_smaller_mtu(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    b.ip("link set eth0 mtu 1400")
    b.link.switch.ip(f"link set {b.link.port} mtu 1400")
    serving(b)
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["mtu"], str(found)
    noted("the peer's MTU is smaller", found, "mtu")
    mend(a, found, "mtu")
    assert codes(doctor(a, "--peer", b.v4)) == []


# In a host


def test_a_sender_of_another_network_is_taken_for_forged(lab: Laboratory) -> None:
    a, b = lab.segment(2, gateway=False)
    # The address that b sends from is not the one that a knows it by.
    b.ip(
        "address flush dev eth0 scope global",
        "address add 10.9.9.9/24 dev eth0",
        f"address add {b.v4}/24 dev eth0",
    )
    a.ip("route add 224.0.0.0/4 dev eth0")
    a.sysctl("ipv4.conf.eth0.rp_filter", 1)
    serving(b)
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["rp-filter"], str(found)
    noted("rp_filter strict, a peer of another network", found, "rp-filter")
    mend(a, found, "rp-filter")
    assert codes(doctor(a, "--peer", b.v4)) == []


def test_a_firewall_of_the_peer_is_named_as_the_peers(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    filtered(b, f"ip daddr {_GROUP} drop")
    serving(b)
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["firewall"], str(found)
    noted("a firewall of the peer's", found, "firewall")
    assert "network card of the peer" in says(found, "firewall")


def test_a_firewall_that_drops_only_igmp(lab: Laboratory) -> None:
    a, b = lab.segment(2, snoop=True, querier=True, flood_unknown=False)
    serving(b)
    lab.switch_of(a).wait_for(_GROUP, b)
    filtered(a, "meta l4proto igmp drop")
    found = doctor(a, "--peer", b.v4)
    assert codes(found) == ["firewall"], str(found)
    noted("nftables drops IGMP, behind a snooping switch", found, "firewall")


def test_a_host_that_may_not_send(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    serving(b)
    filtered(a, f"ip daddr {_GROUP} drop", hook="output")
    found = doctor(a, "--peer", b.v4)
    assert set(codes(found)) == {"firewall"}, str(found)
    noted("nftables drops what is sent, with a peer", found, "firewall")


def test_a_host_that_does_not_hear_itself(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    filtered(a, f"ip daddr {_GROUP} drop")
    found = told(_without_rights(a), within=60)
    assert codes(found) == ["loopback"], str(found)
    noted("nftables drops the group, seen without root", found, "loopback")


@pytest.mark.alone
def test_without_root_a_quick_look_is_quick(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    found = told(_without_rights(a), within=60)
    assert codes(found) == [], str(found)
    assert found.end["took_s"] < 3


def test_without_root_two_ends_still_tell_what_is_lost(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    _without_rights(b, "--serve").line('"serving"')
    b.wait_for(_GROUP)
    well = told(_without_rights(a, "--peer", b.v4), within=60)
    assert codes(well) == [], str(well)
    assert "in both directions" in says(well, "peer")
    a.link.lose(1, away=True, match=f"ip daddr {_GROUP}")
    found = told(_without_rights(a, "--peer", b.v4), within=60)
    assert codes(found) == ["asymmetric"], str(found)
    assert "run both doctors as root" in says(found, "asymmetric")


def _without_rights(host: Host, *arguments: str) -> Process:
    """Start a doctor that may not open raw sockets nor read the firewall."""
    nothing = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    command = (sys.executable, "-m", "groupwire", "doctor", *arguments, "--json")
    return host.popen(*nothing, *command)
