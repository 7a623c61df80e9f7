"""Media streams for asyncio: sent by their own clock, received, announced, listed.

::

    from groupwire.aio import media

    async for progress in media.send_media(open("film.ts", "rb"), "239.1.2.3:5004"): ...

    async with media.receive_media("239.1.2.3:5004") as receiving:
        async for data in receiving: ...

    async for event in media.list_streams(duration=10): ...
"""

from groupwire.aio.media.announcing import announced
from groupwire.aio.media.listing import Listing, list_streams
from groupwire.aio.media.receiving import MediaReceiving, receive_media
from groupwire.aio.media.sending import MediaProgress, send_media

__all__ = [
    "Listing",
    "MediaProgress",
    "MediaReceiving",
    "announced",
    "list_streams",
    "receive_media",
    "send_media",
]
