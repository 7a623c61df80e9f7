"""What one receiver says of one run, in one datagram (docs/howto/measuring.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self, cast

from groupwire.errors import DecodeError

__all__ = ["PERCENTILES", "LoadReport"]

PERCENTILES = {"min": 0.0, "p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1}
_MAX_BYTES = 1400
_MAX_COUNT = (1 << 64) - 1
_MAX_NUMBER = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """One run as one receiver had it.

    ``delays_s`` are percentiles of arrival minus departure, by two clocks that need
    not agree: subtract how far they are apart. ``heard`` and ``answered`` are the
    receiver's clock at the question that this answers.
    """

    run: int
    packets: int = 0
    before: int = 0
    """Sent before the first that came: by then it had not joined, as a rule."""
    size_bytes: int = 0
    lost: int = 0
    """Passed over; what was sent behind the last one that came is not in it."""
    duplicates: int = 0
    reordered: int = 0
    longest_gap: int = 0
    dropped_here: int = 0
    """By the receiver's own kernel, because it was read too slowly; lost, too.

    Where the kernel joins datagrams, about so many.
    """
    seconds: float = 0.0
    jitter_s: float = 0.0
    silence_s: float = 0.0
    peak_bits_per_s: float = 0.0
    heard: float = 0.0
    answered: float = 0.0
    delays_s: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def loss(self) -> float:
        """The part that was passed over, 0 to 1."""
        expected = self.packets + self.lost
        return self.lost / expected if expected else 0.0

    @property
    def bits_per_s(self) -> float | None:
        """The rate of the payload; None: too few have come to know it."""
        if self.packets < 2 or not self.seconds:
            return None
        # From the first to the last there is one distance less than datagrams.
        part = (self.packets - 1) / self.packets
        return self.size_bytes * 8 * part / self.seconds

    def encode(self) -> bytes:
        """Return JSON, shorter than a datagram."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read it; DecodeError for all that is no report."""
        found = _object(data)
        delays = found.pop("delays_s", None)
        known = {each.name: each.type for each in fields(cls)}
        if not isinstance(delays, dict) or not known.keys() - {"delays_s"} == set(
            found
        ):
            raise DecodeError("load-no-report")
        percentiles = cast("dict[str, object]", delays)
        return cls(
            **{name: _checked(known[name], value) for name, value in found.items()},
            delays_s={
                name: _checked("float", percentiles[name])
                for name in PERCENTILES
                if name in percentiles
            },
        )


def _object(data: bytes) -> dict[str, object]:
    try:
        found = json.loads(data) if len(data) <= _MAX_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DecodeError("load-no-report")
    return cast("dict[str, object]", found)


def _checked(kind: object, value: object) -> Any:
    """Return a number as it has to be; DecodeError for any other."""
    if kind == "int":
        if type(value) is int and 0 <= value <= _MAX_COUNT:
            return value
    elif isinstance(value, (int, float)) and abs(value) <= _MAX_NUMBER:
        return float(value)
    raise DecodeError("load-no-report")
