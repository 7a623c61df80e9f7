"""Has the receipt signed by the sender (docs/delivery.md §5)."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.deliver.pull.events import Confirming
from groupwire.deliver.pull.plumbing.errand import Errand
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.speech import encode_word
from groupwire.deliver.words import Receipt
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Signing"]

_TELL_AFTER_S = 0.5
_LONGEST_WAIT_S = 1.0
"""Between two receipts, about."""


class Signing:
    """One receipt at a time; asked for a signature as long as patience lasts."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._errand: Errand | None = None
        self._told = False

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

    def end(self) -> None:
        """Ask no more."""
        self._errand = None

    def answered_by(self, datagram: Datagram) -> bool:
        """Return whether a datagram answers the receipt."""
        return self._errand is not None and self._errand.answered_by(datagram)

    @property
    def over(self) -> bool:
        """Whether patience has ended without a signature."""
        return self._errand is not None and self._errand.finished

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        if (errand := self._errand) is None:
            return None
        due = errand.deadline
        if due is None or self._told:
            return due
        return min(due, errand.began + _TELL_AFTER_S)

    def expire(self, now: float) -> None:
        """Ask again, and say that it takes long."""
        if (errand := self._errand) is None:
            return
        errand.expire(now)
        if not self._told and now >= errand.began + _TELL_AFTER_S:
            self._told = True
            patience = self._setting.rules.patience_s
            self._setting.events.append(Confirming(patience))

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return the receipt when it is to be sent."""
        return () if self._errand is None else self._errand.poll_transmits()
