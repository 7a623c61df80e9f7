import socket

import pytest
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.sockets import (
    SILENCE,
    forge,
    hear,
    listener,
    query,
    saw,
    sender,
    wire,
)
from tests.lab.harness.waiting import until

_GROUPS = {4: "239.255.7.7", 6: "ff18::77"}
_PORT = 7000


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("ttl", [1, 2, 3])
def test_a_message_crosses_one_router_less_than_its_ttl(
    lab: Laboratory, ttl: int, version: int
) -> None:
    group = _GROUPS[version]
    (a,), (b,), (c,) = lab.routed(3)
    with (
        sender(a, ttl=ttl, version=version) as out,
        listener(b, group, _PORT) as near,
        listener(c, group, _PORT) as far,
    ):
        out.sendto(b"hello", (group, _PORT))
        assert (hear(near, within=5 if ttl > 1 else SILENCE) is not None) == (ttl > 1)
        assert (hear(far, within=5 if ttl > 2 else SILENCE) is not None) == (ttl > 2)


def test_answers_find_their_way_through_routers(lab: Laboratory) -> None:
    (a,), _, (c,) = lab.routed(3)
    with a.socket(socket.AF_INET) as here, c.socket(socket.AF_INET) as there:
        here.bind((a.v4, _PORT))
        there.sendto(b"back", (a.v4, _PORT))
        assert hear(here) == b"back"


def test_a_snooping_switch_carries_a_group_to_its_members_only(
    lab: Laboratory,
) -> None:
    a, b, c = lab.segment(3, snoop=True, querier=True, flood_unknown=False)
    group = _GROUPS[4]
    with sender(a) as out, listener(b, group, _PORT) as member, wire(c) as bystander:
        lab.switch_of(a).wait_for(group, b)
        out.sendto(b"hello", (group, _PORT))
        assert hear(member) == b"hello"
        assert not saw(bystander, b"hello")


def test_a_snooping_switch_without_a_querier_floods(lab: Laboratory) -> None:
    a, b, c = lab.segment(3, snoop=True)
    group = _GROUPS[4]
    with sender(a) as out, listener(b, group, _PORT) as member, wire(c) as bystander:
        out.sendto(b"hello", (group, _PORT))
        assert hear(member) == b"hello"
        assert saw(bystander, b"hello")


def test_a_plain_member_is_deaf_after_a_carrier_flap_until_the_next_query(
    lab: Laboratory,
) -> None:
    a, b = lab.segment(2, snoop=True, flood_unknown=False)
    group = _GROUPS[4]
    switch = lab.switch_of(b)
    switch.rely_on_queries()
    query(a)
    with sender(a) as out, listener(b, group, _PORT) as member:
        switch.wait_for(group, b)
        b.link.unplug()
        switch.wait_for(group)
        b.link.plug()
        out.sendto(b"unheard", (group, _PORT))
        assert hear(member, within=SILENCE) is None
        query(a)
        switch.wait_for(group, b)
        out.sendto(b"hello", (group, _PORT))
        assert hear(member) == b"hello"


def test_loss_drops_what_its_counter_says(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    group = _GROUPS[4]
    with sender(a) as out, listener(b, group, _PORT) as member:
        b.link.lose(0.3, match=f"udp dport {_PORT}")
        for _ in range(200):
            out.sendto(b"x", (group, _PORT))
        heard = [_count(member)]

        def all_told() -> bool:
            heard.append(_count(member))
            return b.link.dropped() + sum(heard) == 200

        # A busy kernel has some of them under way.
        until(all_told, "each was heard or dropped")
        assert 20 <= b.link.dropped() <= 110
        b.link.lose_every(4, match=f"udp dport {_PORT}")
        for _ in range(200):
            out.sendto(b"x", (group, _PORT))
        until(lambda: b.link.dropped() == 50, "every fourth is dropped")
        assert _count(member) == 150


@pytest.mark.parametrize("away", [False, True])
def test_a_cut_cable_is_silent_until_it_is_healed(lab: Laboratory, away: bool) -> None:
    a, b = lab.segment(2)
    group = _GROUPS[4]
    with sender(a) as out, listener(b, group, _PORT) as member:
        (a if away else b).link.cut()
        out.sendto(b"lost", (group, _PORT))
        assert hear(member, within=SILENCE) is None
        (a if away else b).link.heal()
        out.sendto(b"heard", (group, _PORT))
        assert hear(member) == b"heard"


def test_a_deleted_interface_comes_back_with_another_index(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    before = _index(a)
    a.link.delete()
    a.link.create()
    assert _index(a) != before
    assert a.v4 in a.run("ip", "address", "show", "dev", "eth0")


def test_an_unplugged_interface_has_no_carrier(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.link.unplug()
    assert "NO-CARRIER" in a.run("ip", "link", "show", "eth0")
    a.link.plug()
    assert "NO-CARRIER" not in a.run("ip", "link", "show", "eth0")


def test_a_lonely_host_has_loopback_and_no_route(lab: Laboratory) -> None:
    host = lab.lonely()
    with host:
        assert [name for _, name in socket.if_nameindex()] == ["lo"]
    assert host.run("ip", "route", "show") == ""


def test_a_forged_datagram_carries_any_source(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    group = (_GROUPS[4], _PORT)
    with listener(b, *group) as member:
        forge(a, source=("8.8.8.8", 0), group=group, data=b"forged")
        assert hear(member) == b"forged"


def test_a_program_does_not_outlive_its_host(lab: Laboratory) -> None:
    host = lab.lonely()
    program = host.python("-c", "print('here', flush=True); input()", stdin=None)
    program.line("here")
    program.close()
    assert not program.running


def _index(host: Host) -> int:
    with host:
        return socket.if_nametoindex("eth0")


def _count(receiver: socket.socket) -> int:
    heard = 0
    while hear(receiver, within=SILENCE) is not None:
        heard += 1
    return heard
