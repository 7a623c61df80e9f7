"""Unicast and multicast of a ping side by side: rows of a table, fields of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.quantities import in_time, percent
from groupwire.cli.render.text import escape, plural

if TYPE_CHECKING:
    from groupwire.probe.ping import Answered, Leg

__all__ = [
    "Answers",
    "Ways",
    "answer_fields",
    "complain",
    "in_words",
    "leg_fields",
    "pieces",
]

_HEADINGS = ("came", "lost", "twice", "min", "median", "p99", "routers", "first")
_ROW = "  {:<9}{:>7}{:>8}{:>7}{:>9}{:>9}{:>9}{:>9}{:>9}"
_WIDTH = len(_ROW.format(*[""] * 9))
_UNKNOWN = "-"
_MOST_PROBLEMS = 20
_PERCENTILES = {"min": 0.0, "p50": 0.5, "p99": 0.99, "max": 1.0}
_REASONS = {
    "eacces": "this system or its firewall forbids it",
    "econnrefused": "nothing listens there",
    "ehostunreach": "nobody has that address",
    "einval": "the address cannot be reached by this way",
    "emsgsize": "it is larger than a packet may be on the way",
    "enetdown": "the interface is down",
    "enetunreach": "there is no route",
    "eperm": "this system or its firewall forbids it",
}


class Ways:
    """A table whose columns are named once, or sentences where it is too wide."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._named = False

    def show(self, who: str, legs: Mapping[str, Leg | None]) -> None:
        """Show who it is and his ways; None: how it is there cannot be known."""
        room = self._out.room
        if room is not None and room < _WIDTH:
            self._out.line(who)
            for line in _sentences(legs):
                self._out.line(line)
            return
        if not self._named:
            self._named = True
            self._out.line(_ROW.format("", *_HEADINGS))
        self._out.line(who)
        for way, leg in legs.items():
            self._out.line(_ROW.format(way, *_cells(leg)))


class Answers:
    """Answers as they come, a line each; of what comes again and again the first."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._told: dict[tuple[str, bool], int] = {}
        """Whose answer by which way was told as one more, and to which question."""

    def show(self, who: str, answer: Answered) -> None:
        """Show one."""
        key = (who, answer.multicast)
        if answer.again:
            if self._told.get(key) == answer.number:
                return
            self._told[key] = answer.number
        self._out.line(_line(escape(who), answer))


def complain(out: Out, problems: Sequence[str]) -> None:
    """Say what is not as it has to be: so much that it is still read."""
    for problem in problems[:_MOST_PROBLEMS]:
        out.complain(escape(problem))
    if more := problems[_MOST_PROBLEMS:]:
        out.complain(f"and {len(more):,} more")


def leg_fields(leg: Leg) -> dict[str, Any]:
    """Return one way as JSON tells it."""
    return {
        "sent": leg.asked,
        "received": leg.received,
        "lost": leg.lost,
        "loss": round(leg.loss, 6),
        "open": leg.open,
        "duplicates": leg.duplicates,
        "hops": leg.hops,
        "setup_s": None if leg.setup_s is None else round(leg.setup_s, 6),
        "rtt_s": {
            name: None if at is None else round(at, 7)
            for name, at in ((n, leg.rtts.at(p)) for n, p in _PERCENTILES.items())
        },
    }


def answer_fields(answer: Answered) -> dict[str, Any]:
    """Return one answer as JSON tells it."""
    return {
        "kind": _way(answer),
        "seq": answer.number,
        "rtt_s": round(answer.rtt_s, 7),
        "hops": answer.hops,
        "duplicate": answer.again,
    }


def in_words(reason: str) -> str:
    """Return in words why the system did not send."""
    return _REASONS.get(reason, reason)


def pieces(size_bytes: int, limit_bytes: int) -> str:
    """Return what comes of questions of this size; nothing where they travel whole."""
    if size_bytes <= limit_bytes:
        return ""
    count = -(-size_bytes // limit_bytes)
    return (
        f"{size_bytes:,} bytes travel in {count} pieces, and one that is lost costs "
        f"the whole question; up to --size {limit_bytes} it travels whole"
    )


def _line(who: str, answer: Answered) -> str:
    hops = "" if answer.hops is None else f"  {plural(answer.hops, 'router')}"
    again = "  once more" if answer.again else ""
    time = in_time(answer.rtt_s)
    return f"{_way(answer):>9}  {who}  #{answer.number}  {time}{hops}{again}"


def _way(answer: Answered) -> str:
    return "multicast" if answer.multicast else "unicast"


def _cells(leg: Leg | None) -> list[str]:
    if leg is None:
        return [_UNKNOWN] * len(_HEADINGS)
    return [
        str(leg.received),
        percent(leg.loss),
        str(leg.duplicates),
        *(in_time(leg.rtts.at(part)) for part in (0.0, 0.5, 0.99)),
        _UNKNOWN if leg.hops is None else str(leg.hops),
        in_time(leg.setup_s),
    ]


def _sentences(legs: Mapping[str, Leg | None]) -> Iterator[str]:
    for way, leg in legs.items():
        if leg is None:
            yield f"  {way}: cannot be known"
            continue
        came, lost, twice, least, middle, most, hops, first = _cells(leg)
        yield f"  {way}: {came} came, {lost} lost, {twice} came twice"
        if leg.received:
            routers = "routers not known" if leg.hops is None else f"routers {hops}"
            yield (
                f"    {least} / {middle} / {most} (min, median, p99), {routers}, "
                f"first after {first}"
            )
