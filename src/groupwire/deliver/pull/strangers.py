"""Senders of NORM that nobody has announced, and what they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupwire.deliver.pull.plumbing.errand import Errand
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.plumbing.timer import earliest
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import Join
from groupwire.norm.receive.events import SenderKey
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Strangers"]

MAX_STRANGERS = 64
"""Who comes beyond has to wait until one of them is known."""
_TIMES, _WITHIN_S = 3, 0.5
"""docs/delivery.md §2.3."""
_FILLED_BYTES = 400
_AGAIN_S = 1.0
"""Who speaks our words and does not answer is asked again after so long."""


class _Stranger:
    """One of them."""

    def __init__(self, interface: int, now: float) -> None:
        self.interface = interface
        self.ours = False
        """Whether what it sends shows that it speaks our words."""
        self.ask_at: float | None = now
        self.errand: Errand | None = None

    @property
    def deadline(self) -> float | None:
        return self.ask_at if self.errand is None else self.errand.deadline


class Strangers:
    """Asks each with ``join`` who it is; who does not answer is foreign."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._strangers: dict[SenderKey, _Stranger] = {}

    def __contains__(self, key: SenderKey) -> bool:
        return key in self._strangers

    def found(self, key: SenderKey, interface: int, now: float) -> None:
        """Ask a sender who it is."""
        if len(self._strangers) >= MAX_STRANGERS:
            self._setting.dropped["too-many-senders"] += 1
            return
        stranger = self._strangers[key] = _Stranger(interface, now)
        self._ask(key, stranger, now)

    def keep(self, keys: Sequence[SenderKey]) -> None:
        """Forget all but these."""
        for key in [key for key in self._strangers if key not in keys]:
            del self._strangers[key]

    def known(self, key: SenderKey) -> None:
        """Ask no more: it has told who it is, or has ended."""
        self._strangers.pop(key, None)

    def gone(self, origin: Origin) -> list[SenderKey]:
        """Ask no more there: it has said goodbye; return who it was."""
        gone = [key for key in self._strangers if key.origin == origin]
        for key in gone:
            del self._strangers[key]
        return gone

    def pause(self, key: SenderKey, now: float) -> None:
        """Ask one later again that has told who it is and has no place now."""
        if (stranger := self._strangers.get(key)) is not None:
            stranger.ours, stranger.errand = True, None
            stranger.ask_at = now + _AGAIN_S

    def speaks_ours(self, key: SenderKey) -> None:
        """Note that a sender is none of the foreign ones."""
        if (stranger := self._strangers.get(key)) is not None:
            stranger.ours = True

    def asked(self, datagram: Datagram) -> SenderKey | None:
        """Return whose answer a datagram is."""
        for key, stranger in self._strangers.items():
            if stranger.errand is not None and stranger.errand.answered_by(datagram):
                return key
        return None

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        return earliest(*(s.deadline for s in self._strangers.values()))

    def expire(self, now: float) -> Iterator[SenderKey]:
        """Ask again; iterate over those who turn out to be foreign."""
        for key, stranger in list(self._strangers.items()):
            if stranger.errand is None:
                if stranger.ask_at is not None and stranger.ask_at <= now:
                    self._ask(key, stranger, now)
                continue
            stranger.errand.expire(now)
            if not stranger.errand.finished:
                continue
            if stranger.ours:
                stranger.errand, stranger.ask_at = None, now + _AGAIN_S
            else:
                del self._strangers[key]
                yield key

    def poll_transmits(self) -> Iterator[Transmit]:
        """Iterate over the questions to send."""
        for stranger in self._strangers.values():
            if stranger.errand is not None:
                yield from stranger.errand.poll_transmits()

    def _ask(self, key: SenderKey, stranger: _Stranger, now: float) -> None:
        errand = stranger.errand = Errand(
            key.origin,
            self._join(key, stranger),
            self._setting,
            times=_TIMES,
            within_s=_WITHIN_S,
            now=now,
        )
        size = errand.question_bytes
        if not self._setting.may_say(key.origin, stranger.interface, size, now):
            errand.mute()

    def _join(self, key: SenderKey, stranger: _Stranger) -> bytes:
        word = encode_word(Join(self._setting.rules.node))
        if self._setting.on_link(key.origin, stranger.interface):
            return word
        # Beyond the link an answer may be little longer than what it answers.
        fill = b"." * (_FILLED_BYTES - len(word))
        return word[:-1] + b',"fill":"' + fill + b'"}'
