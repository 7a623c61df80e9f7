from __future__ import annotations

from ipaddress import ip_address
from random import Random

import pytest

from groupwire.media.session import SapPacket, SessionTable, State
from groupwire.media.session.composing import compose
from groupwire.media.session.description import NTP_S
from groupwire.media.session.table import FORGOTTEN_S, MAX_SESSIONS
from groupwire.values import Group, Origin

HERE, FROM = ip_address("10.0.0.7"), Origin("10.0.0.7", 4444)
OTHER = Origin("10.0.0.8", 4444)
GROUP = Group.parse("239.255.42.99:5004")


def text(name: str = "Gate", number: int = 1) -> bytes:
    return compose(name, GROUP, form="rtp", number=number, here=HERE, ttl=1)


def said(
    table: SessionTable,
    payload: bytes,
    *,
    hash_: int = 5,
    deletes: bool = False,
    origin: Origin = FROM,
    now: float = 0.0,
) -> list[tuple[State, str]]:
    packet = SapPacket(HERE, hash_, payload, deletes)
    events = table.handle_datagram(packet.encode(), origin, now=now)
    return [(e.state, e.session.description.name) for e in events]


def test_a_session_is_told_once_however_often_it_is_announced() -> None:
    table = SessionTable()
    assert said(table, text()) == [(State.ANNOUNCED, "Gate")]
    assert said(table, text()) == []
    (session,) = table.sessions
    assert (session.announcer, session.source, session.text) == (FROM, HERE, text())
    assert table.count == 1


def test_another_text_of_the_same_session_changes_it() -> None:
    table = SessionTable()
    said(table, text())
    assert said(table, text("Door"), hash_=6) == [(State.CHANGED, "Door")]
    assert table.count == 1


def test_its_announcer_deletes_it_and_nobody_else() -> None:
    table = SessionTable()
    said(table, text())
    assert said(table, text(), deletes=True, origin=OTHER) == []
    assert said(table, text(), deletes=True, hash_=9) == []
    assert table.dropped == {"sap-stray-deletion": 2}
    assert said(table, b"", deletes=True) == [(State.DELETED, "Gate")]
    assert table.sessions == ()


def test_nobody_else_changes_it_but_it_is_another_one() -> None:
    table = SessionTable()
    said(table, text())
    assert said(table, text("Mine"), hash_=6, origin=OTHER) == [
        (State.ANNOUNCED, "Mine")
    ]
    assert table.count == 2


def test_what_is_silent_for_an_hour_is_gone() -> None:
    table = SessionTable()
    said(table, text())
    assert table.expire(now=FORGOTTEN_S) == []
    (event,) = table.expire(now=FORGOTTEN_S + 1)
    assert event.state is State.SILENT


def test_where_many_are_announced_silence_is_longer() -> None:
    table = SessionTable()
    for number in range(MAX_SESSIONS):
        said(table, text(number=number), now=0.0)
    assert table.expire(now=FORGOTTEN_S + 1) == []


def test_what_is_over_is_gone_and_comes_no_more() -> None:
    table = SessionTable()
    over = text().replace(b"t=0 0", b"t=0 %d" % (NTP_S + 100))
    assert said(table, over) == [(State.ANNOUNCED, "Gate")]
    assert table.expire(now=100) == []
    (event,) = table.expire(now=101)
    assert event.state is State.OVER
    assert said(table, over, now=102) == []
    assert table.dropped == {"session-over": 1}


def test_no_more_are_known_than_there_is_room_for() -> None:
    table = SessionTable()
    for number in range(MAX_SESSIONS + 3):
        said(table, text(number=number))
    assert table.count == MAX_SESSIONS
    assert table.dropped == {"sessions-full": 3}
    assert said(table, text("Door", 0), hash_=6) == [(State.CHANGED, "Door")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "sap-no-sap"),
        (SapPacket(HERE, 1, b"hello").encode(), "sdp-no-sdp"),
        (SapPacket(HERE, 1, b"x", type="text/plain").encode(), "sap-type"),
    ],
)
def test_junk_is_counted_by_reason(data: bytes, reason: str) -> None:
    table = SessionTable()
    assert table.handle_datagram(data, FROM, now=0.0) == []
    assert table.dropped == {reason: 1}


@pytest.mark.parametrize("seed", range(10))
def test_anything_at_all_is_survived(seed: int) -> None:
    rng = Random(seed)
    table = SessionTable()
    for _ in range(500):
        data = bytearray(SapPacket(HERE, rng.randrange(4), text()).encode())
        for _ in range(rng.randrange(5)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        table.handle_datagram(bytes(data), rng.choice([FROM, OTHER]), now=0.0)
    table.expire(now=1e9)
    assert table.count == 0
