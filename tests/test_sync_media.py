"""Media streams without ``async``: over real multicast on loopback."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from itertools import islice

import pytest
from tests.aio.places import Foreign
from tests.media.making import clip
from tests.ports import free_port

from groupwire import sync
from groupwire.errors import InterfaceError, UsageError
from groupwire.media.session import SapPacket, State

FILM = clip(0.3)


@pytest.fixture
def group() -> str:
    return f"239.255.78.8%lo:{free_port()}"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_what_is_sent_is_received(group: str, pool: ThreadPoolExecutor) -> None:
    receiving = sync.receive_media(group, stall=0.5)
    taking = pool.submit(lambda: b"".join(receiving))
    while not taking.done():
        progress = list(sync.send_media(io.BytesIO(FILM), group, form="rtp"))
        assert progress[-1].ended
        assert progress[-1].size_bytes == len(FILM)
    assert taking.result().endswith(FILM[-188:])


def test_closing_ends_the_sending(group: str) -> None:
    sending = sync.send_media(io.BytesIO(clip(60.0)), group, interval=0.01)
    assert [progress.ended for progress in islice(sending, 2)] == [False, False]
    sending.close()
    assert list(sending) == []


def test_wrong_use_is_told(group: str) -> None:
    with pytest.raises(UsageError):
        sync.receive_media(group, stall=0)
    with pytest.raises(InterfaceError):
        next(sync.receive_media(group, interface="nowhere9"))
    with pytest.raises(UsageError):
        sync.list_streams(duration=-1)


def test_what_is_announced_is_listed(group: str) -> None:
    sdp = (
        b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=film\r\nt=0 0\r\n"
        b"c=IN IP4 239.1.2.3/1\r\nm=video 5004 RTP/AVP 33\r\n"
    )
    packet = SapPacket(ip_address("127.0.0.1"), 7, sdp).encode()
    with Foreign(group) as announcer:
        listing = sync.list_streams([group], duration=0.5)
        with ThreadPoolExecutor(1) as pool:
            listed = pool.submit(lambda: list(listing))
            while not listed.done():
                announcer.say(packet)
    (event,) = listed.result()[:1]
    assert event.state is State.ANNOUNCED
