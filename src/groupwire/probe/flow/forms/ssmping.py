"""ssmping: questions and answers that bear the number of the question."""

from __future__ import annotations

from typing import ClassVar

from groupwire.probe.flow.forms.form import NumberedForm, Row

__all__ = ["SsmpingForm"]

_QUESTION, _ANSWER = ord("Q"), ord("A")
_CLIENT, _NUMBER = 1, 2
_OPTION_BYTES = 4
_MAX_OPTIONS = 32


class SsmpingForm(NumberedForm):
    """draft-ietf-mboned-ssmping §3: a type, then options.

    | type 1 | option type 2 | length 2 | value | option type 2 | ...
    """

    NAME: ClassVar[str] = "ssmping"
    FIRST: ClassVar[frozenset[int]] = frozenset((_QUESTION, _ANSWER))
    NUMBER_BYTES: ClassVar[int] = 4

    def take(self, row: Row) -> int:
        """Count a row; return how many of its packets are of this form."""
        return sum(map(self._take_one, row.packets()))

    def _take_one(self, packet: bytes) -> int:
        options = _options(packet)
        client, number = options.get(_CLIENT), options.get(_NUMBER, b"")
        if client is None or len(number) != self.NUMBER_BYTES:
            return 0
        self.stream(packet[:1] + client).meter.take(int.from_bytes(number, "big"))
        return 1


def _options(packet: bytes) -> dict[int, bytes]:
    """Return the options by type; none where they do not fill the packet exactly."""
    found: dict[int, bytes] = {}
    at = 1
    while at + _OPTION_BYTES <= len(packet) and len(found) < _MAX_OPTIONS:
        kind = int.from_bytes(packet[at : at + 2], "big")
        size = int.from_bytes(packet[at + 2 : at + 4], "big")
        at += _OPTION_BYTES
        found[kind] = packet[at : at + size]
        at += size
    return found if at == len(packet) else {}
