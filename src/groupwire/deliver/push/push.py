"""A push: all its parts behind the verbs of a core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from groupwire.deliver.entries import Manifest
from groupwire.deliver.push.events import PushEvent
from groupwire.deliver.push.rules import PushRules
from groupwire.deliver.report import PushProgress, PushReport
from groupwire.deliver.storage import Shelf
from groupwire.norm import RateControl
from groupwire.values import Datagram, Interface, Transmit

__all__ = ["Push"]


class Push:
    """Delivers the files of a shelf to every member of a group."""

    def __init__(
        self,
        rules: PushRules,
        manifest: Manifest,
        shelf: Shelf,
        *,
        rng: Random,
        interfaces: Sequence[Interface] = (),
        payload_limit: int = 1472,
        control: RateControl | None = None,
    ) -> None:
        self.dropped: Counter[str] = Counter()

    def start(self, *, now: float) -> None:
        """Call the members."""
        raise NotImplementedError

    @property
    def finished(self) -> bool:
        """Whether all has been said."""
        raise NotImplementedError

    @property
    def feed_room(self) -> int:
        """How many bytes can be fed now."""
        raise NotImplementedError

    def feed(self, data: bytes, *, now: float) -> None:
        """Append to the file of unknown length."""
        raise NotImplementedError

    def end_feed(self, *, now: float) -> None:
        """End the file of unknown length."""
        raise NotImplementedError

    def handle_digest(
        self,
        entry: int,
        sha256: bytes | None,
        size_bytes: int,
        *,
        changed: bool = False,
        error: OSError | None = None,
        now: float,
    ) -> None:
        """Take in what came of reading a file."""
        raise NotImplementedError

    def handle_ready(self, entry: int, *, now: float) -> None:
        """Go on sending: more of a file has been read ahead."""
        raise NotImplementedError

    def stop(self, reason: str, *, now: float) -> None:
        """End at once with what there is."""
        raise NotImplementedError

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        """Judge strangers by these interfaces from now on."""
        raise NotImplementedError

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived."""
        raise NotImplementedError

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        raise NotImplementedError

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        raise NotImplementedError

    def poll_events(self) -> Sequence[PushEvent]:
        """Return what has happened; each only once."""
        raise NotImplementedError

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        raise NotImplementedError

    def progress(self, *, now: float) -> PushProgress:
        """Return how far it is."""
        raise NotImplementedError

    def report(self, *, now: float) -> PushReport:
        """Return what there is so far."""
        raise NotImplementedError
