"""NORM (RFC 5740): what senders number; what receivers answer has no useful number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from groupwire.probe.flow.forms.form import HeaderForm

__all__ = ["NormForm"]

_VERSION = 1
_OF_SENDERS, _OF_RECEIVERS = (1, 2, 3), (4, 5, 6)
_LEAST_WORDS = 4


class NormForm(HeaderForm):
    """RFC 5740 §4.1 and §4.2.

    | version and type 1 | words of header 1 | sequence 2 | source 4 | instance 2 |
    """

    NAME: ClassVar[str] = "NORM"
    FIRST: ClassVar[frozenset[int]] = frozenset(range(0x11, 0x17))
    LEAST_BYTES: ClassVar[int] = 16
    NUMBER_AT: ClassVar[int] = 2
    NUMBER_BYTES: ClassVar[int] = 2
    ALIKE: ClassVar[Sequence[tuple[int, int]]] = ((0, 2), (4, 10))

    def key_of(self, packet: bytes) -> bytes | None:
        """Return node and instance: who begins anew has another instance."""
        kind = packet[0] & 0xF
        fits = packet[0] >> 4 == _VERSION and (
            _LEAST_WORDS <= packet[1] <= len(packet) // 4
        )
        if not fits or kind not in {*_OF_SENDERS, *_OF_RECEIVERS}:
            return None
        return packet[4:10] if kind in _OF_SENDERS else b""
