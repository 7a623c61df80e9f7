"""``streams``: lists what is announced on the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Speech
from groupwire.cli.options.media.listing import ListingOptions, ListingPlace
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.media.listed import Listed
from groupwire.cli.render.out import Out
from groupwire.values import Group

if TYPE_CHECKING:
    from groupwire.aio.media import Listing

__all__ = ["streams"]


@spread
def streams(options: ListingOptions, place: ListingPlace, speech: Speech) -> int:
    """List the streams that are announced (SAP, RFC 2974), and what becomes of them.

    Announcements of groupwire, VLC and ffmpeg come every few seconds, others every
    few minutes. Nothing is sent.
    """
    from groupwire.aio.media import list_streams

    out = speech.out()
    groups = None if place.group is None else [Group.parse(place.group)]
    listing = list_streams(groups, interface=place.interface, duration=options.seconds)
    return signals.run(_list(listing, out), out)


async def _list(listing: Listing, out: Out) -> int:
    shown = Listed(out)
    with signals.ending(
        lambda: shown.begun, lambda: shown.end(listing.sessions, listing.dropped)
    ):
        async with listing:
            shown.joined(listing.joined)
            async for event in listing:
                shown.take(event)
    return ExitCode.DONE
