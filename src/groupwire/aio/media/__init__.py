"""Media streams for asyncio: sent by their own clock, received, announced, listed.

::

    async for progress in aio.send_media(open("film.ts", "rb"), "239.1.2.3:5004"): ...

    async with aio.receive_media("239.1.2.3:5004") as media:
        async for data in media: ...

    async for event in aio.list_streams(duration=10): ...
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
