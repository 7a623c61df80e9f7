"""``pipe``: standard input to a group, or a group to standard output."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.cli.options.common import Reach, Speech, Where
from groupwire.cli.options.media.piping import MediaOptions, PipeOptions, PipePlace
from groupwire.cli.options.pipes.raw import RawOptions
from groupwire.cli.plumbing.direction import stdin_has_something
from groupwire.cli.plumbing.spread import spread
from groupwire.errors import UsageError

__all__ = ["pipe"]


@spread
def pipe(
    options: PipeOptions,
    raw: RawOptions,
    media: MediaOptions,
    place: PipePlace,
    reach: Reach,
    speech: Speech,
) -> int:
    """Send standard input to a group, or write what comes to the group.

    Without --send or --receive it sends when standard input is a pipe or a file, and
    receives when that is a terminal or /dev/null. Any bytes go from one sender to
    every reader: it begins when a reader is there, whatever is lost is repaired, and
    who is slow holds the sender up. With --format ts or rtp a transport stream leaves
    by its own clock; of one that is received both forms are understood.
    """
    sends = options.send or (not options.receive and stdin_has_something())
    if options.format.is_media:
        _refuse(raw.named(), f"is not for --format {options.format}")
        send_or_receive = _send_media if sends else _receive_media
        return send_or_receive(options, media, place.for_media(), reach, speech)
    _refuse(media.named(), "is for --format ts and rtp")
    where = place.for_bytes()
    if sends:
        from groupwire.cli.pipes.sending import send

        return send(raw, options.seconds, where, reach, speech)
    from groupwire.cli.pipes.receiving import receive

    return receive(raw, options.seconds, where, reach, speech)


def _send_media(
    options: PipeOptions,
    media: MediaOptions,
    where: Where,
    reach: Reach,
    speech: Speech,
) -> int:
    from groupwire.cli.media.sending import send

    return send(options, media, where, reach, speech)


def _receive_media(
    options: PipeOptions, media: MediaOptions, where: Where, _: Reach, speech: Speech
) -> int:
    from groupwire.cli.media.receiving import receive

    return receive(options, media, where, speech)


def _refuse(names: Sequence[str], why: str) -> None:
    if names:
        raise UsageError(f"{names[0]} {why}", fix="leave it out, or change --format")
