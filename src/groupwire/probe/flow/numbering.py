"""Finds out whether a source numbers its packets, and in which form.

A form is believed when several packets go on from each other, and the packets that
made it believed are counted too. Until then, and for noise, loss cannot be known.
"""

from __future__ import annotations

from groupwire.probe.flow.forms import (
    Form,
    MeasuredForm,
    NormForm,
    Row,
    RtpForm,
    SsmpingForm,
    TransportForm,
)
from groupwire.probe.flow.forms.form import total
from groupwire.probe.sequence import SequenceCounts

__all__ = ["MAX_MISFITS", "Numbering"]

MAX_MISFITS = 64
"""Packets of another kind in a row after which a form is believed no more."""
_TRIES = 16
"""Packets in which a form has to become plain; then it is looked for anew."""

_FORMS: tuple[type[Form], ...] = (
    RtpForm,
    TransportForm,
    NormForm,
    MeasuredForm,
    SsmpingForm,
)
_BY_FIRST_BYTE: dict[int, type[Form]] = {
    first: form for form in _FORMS for first in form.FIRST
}


class Numbering:
    """The numbers of one source."""

    __slots__ = ("_candidate", "_form", "_misfits", "_past", "_tries")

    def __init__(self) -> None:
        self._form: Form | None = None
        self._candidate: Form | None = None
        self._tries = self._misfits = 0
        self._past: SequenceCounts | None = None

    @property
    def form(self) -> Form | None:
        """The form that is believed; None: loss cannot be known."""
        return self._form

    @property
    def counts(self) -> SequenceCounts | None:
        """What the numbers have told; None where there were never any."""
        if self._form is None:
            return self._past
        counts = self._form.counts
        return counts if self._past is None else total([self._past, counts])

    def take(self, row: Row) -> None:
        """Count a row, or look what form it may have."""
        if self._form is not None:
            self._read(self._form, row)
        elif row.data:
            self._look(row)

    def _read(self, form: Form, row: Row) -> None:
        misfits = row.many - form.take(row)
        if not misfits:
            self._misfits = 0
            return
        self._misfits += misfits
        if self._misfits >= MAX_MISFITS:
            self._past, self._form, self._misfits = self.counts, None, 0

    def _look(self, row: Row) -> None:
        kind = _BY_FIRST_BYTE.get(row.data[0])
        candidate = self._candidate
        if kind is not None and (candidate is None or type(candidate) is not kind):
            candidate = self._candidate = kind()
            self._tries = 0
        if candidate is None:
            return
        candidate.take(row)
        self._tries += row.many
        if candidate.believed:
            self._form, self._candidate = candidate, None
        elif self._tries >= _TRIES:
            self._candidate = None
