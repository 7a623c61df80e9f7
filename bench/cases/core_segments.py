"""A row of segments built and parsed at once, against header by header."""

from __future__ import annotations

from ..core import segments
from ..core.turns import measure
from ..outcome import Case, Goal, Outcome, Row, Settings

__all__ = ["CASE"]

_BUILD, _BUILD_PLAINLY = "built at once", "built with pack_into and copies"
_PARSE, _PARSE_PLAINLY = "parsed at once", "parsed with unpack_from and copies"
_VARIANTS = {
    _BUILD: (segments.build, ()),
    _BUILD_PLAINLY: (segments.build_plainly, ()),
    _PARSE: (segments.parse, ()),
    _PARSE_PLAINLY: (segments.parse_plainly, ()),
}


def run(settings: Settings) -> Outcome:
    """Measure all four in each round."""
    rounds = settings.pick(25, 5)
    samples = measure(settings.network.loopback, _VARIANTS, rounds)
    outcome = Outcome()
    outcome.rows = [
        Row(label, samples.of(label), "µs", ours=label in {_BUILD, _PARSE})
        for label in _VARIANTS
    ]
    for ours, plain, limit in (
        (_BUILD, _BUILD_PLAINLY, 2.2),
        (_PARSE, _PARSE_PLAINLY, 1.7),
    ):
        ratio = samples.ratio(plain, ours)
        text = f"a row of {segments.ROW}: time {plain} / {ours}"
        outcome.goals.append(Goal(text, limit, ratio, at_least=True))
    return outcome


CASE = Case(
    name="core-segments",
    title="45 DATA messages of one block",
    about=(
        "NORM's DATA messages in memory, each with a header of 32 bytes and a payload "
        "of 1400. groupwire fills in one header for all and assigns what differs as "
        "columns; it reads columns too. Beside it the plain way, a loop over the "
        "messages: `pack_into` a buffer made before and a slice for the payload, "
        "`unpack_from` and a copy of the payload. What is parsed at once is then "
        "copied in one go, as a sink does. Here and in the next two cases processor "
        "time is measured."
    ),
    run=run,
    axis="microseconds for 45 messages",
)
