"""A question to one sender, by unicast, repeated until it is answered."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.gather import Asker, Form, Question
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Errand"]

_ID = slice(8, 16)
"""Where the request id stands in the tagged form (docs/protocol.md §2)."""


class Errand:
    """What the asker of ``ask`` does, turned to one address."""

    def __init__(
        self,
        to: Origin,
        data: bytes,
        setting: Setting,
        *,
        times: int,
        within_s: float,
        now: float,
    ) -> None:
        question = Question(
            data,
            first=1,
            timeout=within_s,
            stall=within_s,
            retries=times - 1,
            form=Form.TAGGED,
            name=setting.rules.name,
        )
        self.to = to
        self.began = now
        self._asker = Asker(question, rng=setting.rng, now=now)
        self._transmits = list(self._asker.poll_transmits())
        self._muted = False
        self._id = bytes(self._transmits[0].data)[_ID]

    @property
    def finished(self) -> bool:
        """Whether it is asked no more."""
        return self._asker.finished

    @property
    def question_bytes(self) -> int:
        """How long the datagram is."""
        return len(self._transmits[0].data) if self._transmits else 0

    @property
    def deadline(self) -> float | None:
        """When it is to be asked again, or is over."""
        return self._asker.poll_timeout()

    def mute(self) -> None:
        """Say nothing, but wait as if it were said."""
        self._muted = True

    def answered_by(self, datagram: Datagram) -> bool:
        """Return whether a datagram is an answer to it, from where it was asked."""
        return datagram.origin == self.to and bytes(datagram.data[_ID]) == self._id

    def expire(self, now: float) -> None:
        """Ask again, or give up."""
        self._asker.handle_timeout(now=now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return the question when it is to be sent."""
        transmits = [*self._transmits, *self._asker.poll_transmits()]
        self._transmits.clear()
        if self._muted:
            return ()
        return [transmit._replace(to=self.to) for transmit in transmits]
