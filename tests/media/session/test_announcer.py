from __future__ import annotations

from ipaddress import ip_address
from random import Random

from groupwire.media.session import Announcer, SapPacket
from groupwire.media.session.composing import compose
from groupwire.media.session.interval import LEAST_S
from groupwire.values import Datagram, Group, Origin

HERE = ip_address("10.0.0.7")
OTHER = Origin("10.0.0.8", 1)
GROUP = Group.parse("239.255.42.99:5004")


def text(number: int) -> bytes:
    return compose("Gate", GROUP, form="rtp", number=number, here=HERE, ttl=1)


def sent(announcer: Announcer) -> list[SapPacket]:
    return [SapPacket.decode(bytes(t.data)) for t in announcer.poll_transmits()]


def announced(announcer: Announcer, until: float) -> list[float]:
    """Let it run; return when it has announced."""
    times = []
    while (due := announcer.poll_timeout()) is not None and due < until:
        announcer.handle_timeout(now=due)
        times += [due] * len(sent(announcer))
    return times


def test_it_announces_at_once_and_then_about_every_five_seconds() -> None:
    announcer = Announcer(text(1), HERE, Random(1))
    assert announcer.poll_timeout() is None
    announcer.start(now=0.0)
    (packet,) = sent(announcer)
    assert (packet.source, packet.payload) == (HERE, text(1))
    assert packet.hash != 0
    assert 15 <= len(announced(announcer, 20 * LEAST_S)) <= 25


def test_where_others_announce_it_is_rarer() -> None:
    announcer = Announcer(text(1), HERE, Random(1))
    announcer.start(now=0.0)
    for number in range(1000):
        data = SapPacket(HERE, number, text(number)).encode()
        announcer.handle_datagram(Datagram(data, OTHER), now=0.0)
    assert len(sent(announcer)) == 1
    assert announced(announcer, 200.0) == []
    assert 1 <= len(announced(announcer, 1000.0)) <= 4
    announcer.handle_datagram(Datagram(b"junk", OTHER), now=0.0)
    assert announcer.dropped == {"sap-no-sap": 1}


def test_at_the_end_it_says_so_once() -> None:
    announcer = Announcer(text(1), HERE, Random(1))
    announcer.start(now=0.0)
    (packet,) = sent(announcer)
    announcer.update_interfaces(())
    announcer.close()
    announcer.close()
    assert (announcer.finished, announcer.poll_events()) == (True, ())
    (gone,) = sent(announcer)
    assert gone.deletes
    assert (gone.hash, gone.source) == (packet.hash, packet.source)
    assert announcer.poll_timeout() is None


def test_what_never_began_has_no_end() -> None:
    announcer = Announcer(text(1), HERE, Random(1))
    announcer.close()
    assert sent(announcer) == []
