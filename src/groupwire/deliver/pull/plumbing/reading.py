"""Reads what the sender says of its files: the manifest, and seals."""

from __future__ import annotations

from groupwire.deliver.entries import Manifest
from groupwire.deliver.pull.plumbing.papers import Papers
from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.wire.manifest import decode_manifest
from groupwire.deliver.wire.seals import MAX_SEAL_BYTES, Seal, decode_seals
from groupwire.errors import DecodeError
from groupwire.norm import Later, ObjectOffer, Sink

__all__ = ["ENTRY_BYTES", "Reading"]

MAX_MANIFEST_BYTES = 64 << 20
"""Compressed as it comes."""
ENTRY_BYTES = 400
"""What an entry of a manifest takes in memory, until the delivery ends."""
_MOST_ATTEMPTS = 3
"""To read a manifest or seals."""


class Reading:
    """What was read of one delivery; what cannot be read is asked for again."""

    def __init__(self, delivery: int, run: Run, setting: Setting) -> None:
        self.hopeless = ""
        """Why there will be no manifest."""
        self._delivery = delivery
        self._run = run
        self._setting = setting
        self._papers = Papers(setting.room)
        self._attempts: dict[int, int] = {}

    def open_manifest(self, offer: ObjectOffer) -> Sink | Later | None:
        """Return where one goes."""
        return self._papers.open(offer, MAX_MANIFEST_BYTES)

    def open_seals(self, offer: ObjectOffer) -> Sink | Later | None:
        """Return where some go."""
        return self._papers.open(offer, MAX_SEAL_BYTES)

    def take(self, number: int) -> bytes | None:
        """Return the content of an object that is complete, if it is one of these."""
        return self._papers.take(number)

    def lost(self, number: int) -> bool:
        """Return whether an object that will not come is one of these."""
        return self._papers.close(number) is not None

    def want_again(self, now: float) -> None:
        """Want from the beginning what is on its way, or has just come."""
        for number in self._papers.open_ones:
            self._run.again(number, now)

    def close(self) -> None:
        """Let go of all."""
        self._papers.close_all()

    def manifest(self, number: int, paper: bytes, now: float) -> Manifest | None:
        """Return what one says; None if it is asked for again, or it is hopeless."""
        try:
            manifest = decode_manifest(paper)
            self._check(manifest.delivery)
        except DecodeError as error:
            if not self._again(number, error, now):
                self.hopeless = "the manifest is not readable"
            return None
        if not self._papers.keep(len(manifest.entries) * ENTRY_BYTES):
            self._setting.dropped["no-memory"] += 1
            self.hopeless = "the manifest is too large"
            return None
        self._run.accept(number, now)
        return manifest

    def seals(self, number: int, paper: bytes, now: float) -> tuple[Seal, ...]:
        """Return what some say; none if they are asked for again."""
        try:
            delivery, seals = decode_seals(paper)
            self._check(delivery)
        except DecodeError as error:
            self._again(number, error, now)
            return ()
        self._run.accept(number, now)
        return seals

    def _check(self, delivery: int) -> None:
        if delivery != self._delivery:
            raise DecodeError("deliver-other-id")

    def _again(self, number: int, error: DecodeError, now: float) -> bool:
        """Ask for an object again that cannot be read; False if that is of no use."""
        self._setting.dropped[error.reason] += 1
        tries = self._attempts[number] = self._attempts.get(number, 0) + 1
        if tries > _MOST_ATTEMPTS:
            return False
        self._run.again(number, now)
        return True
