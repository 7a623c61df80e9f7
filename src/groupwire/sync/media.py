"""Media streams without ``async``: sent, received, listed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable
from typing import TYPE_CHECKING

from groupwire.sync.drawing import drawn
from groupwire.values import Group

# Not loaded before something is sent: who only asks does not pay.
if TYPE_CHECKING:
    from groupwire.aio.config import PeerConfig
    from groupwire.aio.delivery.streams import Stream
    from groupwire.aio.media import MediaProgress
    from groupwire.media.session import SessionEvent

__all__ = ["list_streams", "receive_media", "send_media"]


def send_media(  # noqa: PLR0913 - keyword-only
    source: Stream,
    group: Group | str | None = None,
    *,
    form: str = "ts",
    name: str = "groupwire",
    announce: bool = False,
    rate: float | None = None,
    interval: float = 1.0,
    config: PeerConfig | None = None,
) -> Generator[MediaProgress]:
    """Send an MPEG transport stream by its own clock, and iterate over how far it is.

    See ``aio.media.send_media``. It ends with the iteration.
    """
    from groupwire.aio.media import send_media

    return drawn(
        send_media(
            source,
            group,
            form=form,
            name=name,
            announce=announce,
            rate=rate,
            interval=interval,
            config=config,
        )
    )


def receive_media(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    stall: float | None = None,
    receive_buffer: int = 16 << 20,
) -> Generator[bytes]:
    """Join a group, and iterate over the transport stream that comes to it.

    See ``aio.media.receive_media``. The group is joined when the iteration begins, and
    left when it ends or is closed.
    """
    from groupwire.aio.media import receive_media

    receiving = receive_media(
        group, interface=interface, stall=stall, receive_buffer=receive_buffer
    )

    async def pieces() -> AsyncGenerator[bytes, None]:
        async with receiving:
            async for data in receiving:
                yield data

    return drawn(pieces())


def list_streams(
    groups: Iterable[Group | str] | None = None,
    *,
    interface: str | int | None = None,
    duration: float | None = None,
) -> Generator[SessionEvent]:
    """Listen to announcements, and iterate over what becomes of the sessions.

    See ``aio.media.list_streams``.
    """
    from groupwire.aio.media import list_streams

    listing = list_streams(groups, interface=interface, duration=duration)

    async def events() -> AsyncGenerator[SessionEvent, None]:
        async with listing:
            async for event in listing:
                yield event

    return drawn(events())
