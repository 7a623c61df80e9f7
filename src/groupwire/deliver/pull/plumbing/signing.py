"""Has the receipt signed by the sender (docs/delivery.md §5)."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.deliver.pull.events import Confirming
from groupwire.deliver.pull.plumbing.errand import Errand
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.plumbing.timer import earliest
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import Receipt
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Signing"]

_TELL_AFTER_S = 0.5
_FIRST_TIMES = 3
_ROUND_S = 1.0
"""A receipt that was heard too early is not heard again: after so long it is asked for
as a new question."""
_ON_ITS_WAY_S = 0.1
"""So much later than the goodbye to all may what is said to one be read."""


class Signing:
    """One receipt at a time; asked for a signature as long as patience lasts."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._errand: Errand | None = None
        self._before: Errand | None = None
        """The question before it, which may still be answered."""
        self._receipt = b""
        self._told = False
        self._began = 0.0
        self._ends = 0.0
        """When it is over."""
        self.over = False
        """Whether it has ended without a signature."""

    def begin(self, receipt: Receipt, to: Origin, interface: int, now: float) -> bool:
        """Send a receipt; False where nothing may be sent there."""
        self._receipt = encode_word(receipt)
        self._began, self._ends = now, now + self._setting.rules.patience_s
        self._errand = self._ask(to, _FIRST_TIMES, now)
        size = self._errand.question_bytes
        if self._setting.may_say(to, interface, size, now):
            return True
        self.end()
        return False

    def _ask(self, to: Origin, times: int, now: float) -> Errand:
        setting = self._setting
        return Errand(
            to, self._receipt, setting, times=times, within_s=_ROUND_S, now=now
        )

    def hurry(self, now: float) -> None:
        """Learn that the sender is leaving: it has signed by now, or never will."""
        self._ends = min(self._ends, now + _ON_ITS_WAY_S)

    def go_on(self, now: float) -> None:
        """Learn that the sender still has something to send: ask later again."""
        self._ends = now + self._setting.rules.patience_s

    def end(self) -> None:
        """Ask no more."""
        self._errand = self._before = None

    def answered_by(self, datagram: Datagram) -> bool:
        """Return whether a datagram answers the receipt."""
        asked = self._errand, self._before
        return any(e is not None and e.answered_by(datagram) for e in asked)

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        if self._errand is None:
            return None
        tells = None if self._told else self._began + _TELL_AFTER_S
        return earliest(self._errand.deadline, tells, self._ends)

    def expire(self, now: float) -> None:
        """Ask again, and say that it takes long."""
        if (errand := self._errand) is None:
            return
        if not self._told and now >= self._began + _TELL_AFTER_S:
            self._told = True
            patience = self._setting.rules.patience_s
            self._setting.events.append(Confirming(patience))
        errand.expire(now)
        if now >= self._ends:
            self.over = True
            self.end()
        elif errand.finished:
            self._before, self._errand = errand, self._ask(errand.to, 1, now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return the receipt when it is to be sent."""
        return () if self._errand is None else self._errand.poll_transmits()
