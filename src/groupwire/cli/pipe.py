"""``pipe``: standard input to a group, or a group to standard output."""

from __future__ import annotations

from groupwire.cli.options.common import Reach, Speech
from groupwire.cli.options.media.piping import MediaOptions, PipeOptions, PipePlace
from groupwire.cli.plumbing.direction import stdin_has_something
from groupwire.cli.plumbing.spread import spread
from groupwire.errors import UsageError

__all__ = ["pipe"]


@spread
def pipe(
    options: PipeOptions,
    media: MediaOptions,
    place: PipePlace,
    reach: Reach,
    speech: Speech,
) -> int:
    """Send standard input to a group, or write what comes to the group.

    Without --send or --receive it sends when standard input is a pipe or a file, and
    receives when that is a terminal or /dev/null. A transport stream leaves by its own
    clock, however fast it comes; of one that is received both forms are understood.
    """
    sends = options.send or (not options.receive and stdin_has_something())
    if not options.format.is_media:
        raise UsageError(
            "`pipe` carries transport streams only, so far",
            fix="name --format ts or rtp; other bytes go with `push -` and "
            "`pull --into -`",
        )
    if sends:
        from groupwire.cli.media.sending import send

        return send(options, media, place.for_media(), reach, speech)
    from groupwire.cli.media.receiving import receive

    return receive(options, media, place.for_media(), speech)
