"""Puts what the network has reordered back in order, and waits only briefly."""

from __future__ import annotations

from groupwire.probe.sequence.meter import SUDDEN

__all__ = ["PATIENCE_S", "WINDOW", "ReorderWindow"]

WINDOW = 128
"""Packets that may wait for one that is missing."""
PATIENCE_S = 0.1
"""How long they wait."""
_MODULUS = 1 << 16
_FAR = 2
"""RFC 3550 A.1: so many in a row begin anew, far from all that was expected."""


class ReorderWindow:
    """Payloads by their 16-bit numbers; gives them out in order, each once.

    What comes after its place was given up is late and dropped, unless several in a
    row say that the numbers begin anew.
    """

    def __init__(self, *, window: int = WINDOW, patience_s: float = PATIENCE_S) -> None:
        self._window = window
        self._patience_s = patience_s
        self._next: int | None = None
        self._suspect: int | None = None
        self._suspected = 0
        self._waiting: dict[int, bytes] = {}
        self._until: float | None = None
        self.late = 0
        """What came when its place had been given out or up."""

    @property
    def due_s(self) -> float | None:
        """When what waits is given out all the same; None: nothing waits."""
        return self._until

    def take(self, number: int, payload: bytes, *, now: float) -> list[bytes]:
        """Take one; return what can be given out."""
        if self._next is None:
            self._next = number
        ahead = (number - self._next) % _MODULUS
        if ahead >= SUDDEN:
            return self._odd(number, ahead, payload)
        self._suspect = None
        if number in self._waiting:
            return []
        self._waiting[number] = payload
        given = self._run()
        while len(self._waiting) > self._window:
            given += self._skip()
        return self._settled(given, now)

    def expire(self, now: float) -> list[bytes]:
        """Return what has waited long enough."""
        if self._until is None or now < self._until:
            return []
        return self._settled(self._skip(), now)

    def flush(self) -> list[bytes]:
        """Return all that waits, in order; the next number may be any."""
        given: list[bytes] = []
        while self._waiting:
            given += self._skip()
        self._next = self._until = None
        return given

    def _settled(self, given: list[bytes], now: float) -> list[bytes]:
        if not self._waiting:
            self._until = None
        elif given or self._until is None:
            self._until = now + self._patience_s
        return given

    def _run(self) -> list[bytes]:
        """Give out what follows without a gap."""
        given: list[bytes] = []
        number = self._next or 0
        while (payload := self._waiting.pop(number, None)) is not None:
            given.append(payload)
            number = (number + 1) % _MODULUS
        self._next = number
        return given

    def _skip(self) -> list[bytes]:
        """Give up what is missing in front of the first that waits."""
        start = self._next or 0
        self._next = min(self._waiting, key=lambda n: (n - start) % _MODULUS)
        return self._run()

    def _odd(self, number: int, ahead: int, payload: bytes) -> list[bytes]:
        """Take what is late, or far away; many in a row are believed."""
        self._suspected = self._suspected + 1 if number == self._suspect else 1
        far = ahead < _MODULUS - SUDDEN
        if self._suspected >= (_FAR if far else self._window):
            given = self.flush()
            self._suspect, self._next = None, (number + 1) % _MODULUS
            return [*given, payload]
        self._suspect = (number + 1) % _MODULUS
        self.late += 1
        return []
