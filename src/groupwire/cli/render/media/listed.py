"""What is shown of the streams that are announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from groupwire.cli.render.out import Out
from groupwire.cli.render.text import and_so_on, escape, plural

if TYPE_CHECKING:
    from groupwire.aio import Joined
    from groupwire.media.session import Media, Session, SessionEvent

__all__ = ["Listed"]

_NAMES = {"rtp": "MPEG-TS in RTP", "ts": "MPEG-TS"}
_SIGNS = {"announced": "+", "changed": "~"}
_LONGEST_NAME = 60


class Listed:
    """A line for each stream, and one when something becomes of it."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self.begun = False

    def joined(self, joined: Sequence[Joined]) -> None:
        """Show where it listens."""
        self.begun = True
        groups = [str(one.group) for one in joined]
        ways = sorted({way.name for one in joined for way in one.interfaces})
        if self._out.json:
            self._out.event("joined", {"groups": groups, "interfaces": ways})
            return
        self._out.note(f"listening on {', '.join(ways)}; Ctrl-C ends it")
        self._out.detail(f"  {', '.join(groups)}")

    def take(self, event: SessionEvent) -> None:
        """Show what has become of a session."""
        session = event.session
        if self._out.json:
            self._out.event("stream", {"state": str(event.state), **_fields(session)})
            return
        sign = _SIGNS.get(event.state, "-")
        name = and_so_on(escape(session.description.name), _LONGEST_NAME)
        gone = f"  ({event.state})" if sign == "-" else ""
        where = f"from {escape(session.announcer.host)}"
        self._out.line(f"{sign} {name}  {where}{gone}")
        if not gone:
            for media in session.description.media:
                self._out.line(f"    {_line(media)}")

    def end(self, sessions: Sequence[Session], dropped: Mapping[str, int]) -> None:
        """Show how many there are."""
        if self._out.json:
            fields = {"streams": len(sessions), "dropped": dict(dropped)}
            self._out.event("end", fields)
            return
        self._out.last_note(f"{plural(len(sessions), 'stream')} announced")
        for reason, count in sorted(dropped.items()):
            self._out.detail(f"  {count:,} dropped: {reason}")


def _line(media: Media) -> str:
    where = str(media.group or f"port {media.port}")
    what = _NAMES.get(media.form) or (
        f"{media.kind} {media.encoding or '/'.join(media.formats)} "
        f"over {media.protocol}"
    )
    return f"{escape(where)}  {escape(what)}"


def _fields(session: Session) -> dict[str, object]:
    description = session.description
    return {
        "name": description.name,
        "announcer": session.announcer.host,
        "information": description.information or None,
        "ends": description.ends_s,
        "media": [
            {
                "kind": media.kind,
                "group": None if media.group is None else str(media.group),
                "format": media.form or None,
                "protocol": media.protocol,
                "encoding": media.encoding or None,
            }
            for media in description.media
        ],
        "sdp": session.text.decode("utf-8", "replace"),
    }
