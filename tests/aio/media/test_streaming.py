"""Transport streams over real multicast on loopback."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from ipaddress import ip_address
from random import Random

import pytest
from tests.aio.places import Foreign, run
from tests.media.making import clip, packet

from groupwire.aio.media import (
    MediaProgress,
    MediaReceiving,
    list_streams,
    receive_media,
    send_media,
)
from groupwire.errors import UsageError
from groupwire.media.rtp import RtpPacker
from groupwire.media.session import SapPacket, State
from groupwire.media.transport import Departure

FILM = clip(0.3)
HERE = ip_address("127.0.0.1")


async def sent(source: object, group: str, **options: object) -> list[MediaProgress]:
    sending = send_media(source, group, **options)  # type: ignore[arg-type]
    return [progress async for progress in sending]


async def gathered(receiving: MediaReceiving) -> bytes:
    return b"".join([data async for data in receiving])


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("form", ["ts", "rtp"])
def test_what_is_sent_is_received(group: str, form: str) -> None:
    async def both() -> None:
        async with receive_media(group, stall=1.0) as receiving:
            assert receiving.joined[0].interfaces[0].name == "lo"
            gathering = asyncio.create_task(gathered(receiving))
            first, *_, last = await sent(io.BytesIO(FILM), group, form=form)
            assert await gathering == FILM
            stats = receiving.stats
        assert (first.packets, last.size_bytes, last.ended) == (0, len(FILM), True)
        assert last.clocked
        assert last.elapsed_s > 0.2
        assert (stats.form, stats.lost, stats.discontinuities) == (form, 0, 0)

    run(both())


def test_any_source_of_bytes_will_do(group: str, foreign: Foreign) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield FILM[:1000]
        yield FILM[1000:]

    (*_, last) = run(sent(pieces(), group))
    assert last.size_bytes == len(FILM)
    assert foreign.hear()[0] == FILM[:1316]


def test_an_event_ends_it_at_once(group: str) -> None:
    async def stopped() -> MediaProgress:
        stop, stream = asyncio.Event(), io.BytesIO(clip(60.0))
        asyncio.get_running_loop().call_later(0.3, stop.set)
        return (await sent(stream, group, stop=stop))[-1]

    last = run(stopped())
    assert last.ended
    assert 0 < last.size_bytes < len(clip(1.0))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"hello" * 1000, "no MPEG transport stream"),
        (bytes(2_000_000), "no MPEG transport stream"),
        (packet(0) * 10, "no clock"),
    ],
)
def test_what_cannot_be_sent_is_refused(group: str, data: bytes, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        run(sent(io.BytesIO(data), group))


def test_a_rate_sends_what_has_no_clock(group: str) -> None:
    last = run(sent(io.BytesIO(packet(0) * 70), group, rate=1e6))[-1]
    assert (last.size_bytes, last.clocked) == (70 * 188, False)


def test_a_source_that_fails_is_told(group: str) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield FILM
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        run(sent(failing(), group))


@pytest.mark.parametrize(
    "options", [{"form": "h264"}, {"name": ""}, {"rate": 0.0}], ids=str
)
def test_wrong_options_are_refused(group: str, options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        run(sent(io.BytesIO(FILM), group, **options))


def test_silence_and_closing_end_the_iteration(group: str) -> None:
    async def silent() -> None:
        with pytest.raises(UsageError, match="async with"):
            await gathered(receive_media(group))
        async with receive_media(group) as receiving:
            gathering = asyncio.create_task(gathered(receiving))
            await asyncio.sleep(0)
            await receiving.close()
            assert await gathering == b""
            assert receiving.stats.form == ""

    run(silent())
    with pytest.raises(UsageError):
        receive_media(group, stall=0.0)
    with pytest.raises(UsageError):
        list_streams(duration=0.0)


def test_what_is_missing_is_not_waited_for_for_ever(group: str) -> None:
    async def lossy() -> bytes:
        packer = RtpPacker(Random(1))
        with Foreign(group) as foreign:
            async with receive_media(group, stall=0.3) as receiving:
                for number in (0, 1, 2):
                    data = packer.pack(Departure(0.0, packet(number), fresh=False))
                    if number != 1:
                        foreign.say(data)
                found = await gathered(receiving)
                assert receiving.stats.lost == 1
        return found

    assert run(lossy()) == packet(0) + packet(2)


def test_an_announcement_is_listed_and_taken_back(group: str) -> None:
    async def listed() -> list[State]:
        async with list_streams(interface="lo") as listing:
            assert len(listing.joined) >= 4
            sending = asyncio.create_task(
                sent(io.BytesIO(FILM), group, announce=True, name="Gate")
            )
            states: list[State] = []
            async for event in listing:
                if event.session.description.name == "Gate":
                    states.append(event.state)
                if event.state is State.DELETED:
                    break
            await sending
        return states

    assert run(listed()) == [State.ANNOUNCED, State.DELETED]


def test_junk_among_announcements_is_counted(group: str) -> None:
    async def listed() -> None:
        with Foreign(group) as foreign:
            async with list_streams([group], duration=0.2) as listing:
                foreign.say(b"junk")
                foreign.say(SapPacket(HERE, 1, b"v=0").encode())
                assert [event async for event in listing] == []
            assert listing.dropped == {"sap-no-sap": 1, "sdp-no-origin": 1}
            assert listing.sessions == ()

    run(listed())
