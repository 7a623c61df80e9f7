"""Has the receipt signed by the sender (docs/delivery.md §5)."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.deliver.pull.events import Confirming
from groupwire.deliver.pull.plumbing.errand import Errand
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.plumbing.timer import earliest
from groupwire.deliver.speech import encode_word
from groupwire.deliver.words import Receipt
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Signing"]

_TELL_AFTER_S = 0.5
_LONGEST_WAIT_S = 1.0
"""Between two receipts, about."""
_ON_ITS_WAY_S = 0.1
"""So much later than the goodbye to all may what is said to one be read."""


class Signing:
    """One receipt at a time; asked for a signature as long as patience lasts."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._errand: Errand | None = None
        self._told = False
        self._ends: float | None = None
        """When it is over, whatever patience says."""
        self._ended = False

    def begin(self, receipt: Receipt, to: Origin, interface: int, now: float) -> bool:
        """Send a receipt; False where nothing may be sent there."""
        rules = self._setting.rules
        errand = Errand(
            to,
            encode_word(receipt),
            self._setting,
            times=max(2, min(100, int(rules.patience_s / _LONGEST_WAIT_S))),
            within_s=rules.patience_s,
            now=now,
        )
        size = errand.question_bytes
        if not self._setting.may_say(to, interface, size, now):
            return False
        self._errand = errand
        return True

    def hurry(self, now: float) -> None:
        """Learn that the sender is leaving: it has signed by now, or never will."""
        if self._ends is None:
            self._ends = now + _ON_ITS_WAY_S

    def end(self) -> None:
        """Ask no more."""
        self._errand = self._ends = None

    def answered_by(self, datagram: Datagram) -> bool:
        """Return whether a datagram answers the receipt."""
        return self._errand is not None and self._errand.answered_by(datagram)

    @property
    def over(self) -> bool:
        """Whether patience has ended without a signature."""
        if self._errand is None:
            return False
        return self._ended or self._errand.finished

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        if (errand := self._errand) is None:
            return None
        tells = None if self._told else errand.began + _TELL_AFTER_S
        return earliest(errand.deadline, tells, self._ends)

    def expire(self, now: float) -> None:
        """Ask again, and say that it takes long."""
        if (errand := self._errand) is None:
            return
        errand.expire(now)
        self._ended = self._ends is not None and self._ends <= now
        if not self._told and now >= errand.began + _TELL_AFTER_S:
            self._told = True
            patience = self._setting.rules.patience_s
            self._setting.events.append(Confirming(patience))

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return the receipt when it is to be sent."""
        return () if self._errand is None else self._errand.poll_transmits()
