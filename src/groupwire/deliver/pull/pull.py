"""A member of a group, and the deliveries that it takes part in: signatures first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from groupwire.deliver.pull.events import PullEvent
from groupwire.deliver.pull.rules import PullRules
from groupwire.deliver.report import PullProgress
from groupwire.deliver.storage import Examined, Outcome, Storage
from groupwire.values import Datagram, Interface, Transmit

__all__ = ["Pull"]


class Pull:
    """Takes part in deliveries (docs/delivery.md)."""

    def __init__(
        self,
        rules: PullRules,
        storage: Storage,
        *,
        rng: Random,
        interfaces: Sequence[Interface] = (),
    ) -> None:
        self.dropped: Counter[str] = Counter()

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived."""

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""

    def handle_examined(self, key: int, examined: Examined, *, now: float) -> None:
        """Learn what the disk has of a delivery already."""

    def handle_finished(
        self, key: int, entry: int, outcome: Outcome, *, now: float
    ) -> None:
        """Learn what became of a file, or of an object of a foreign sender."""

    def handle_concluded(
        self, key: int, failed: Mapping[int, str], *, now: float
    ) -> None:
        """Learn that directories and links are made, but for these."""

    def stop(self, *, now: float) -> None:
        """Leave all deliveries; what is incomplete is kept."""

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        """Judge by these interfaces from now on."""

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        return ()

    def poll_events(self) -> Sequence[PullEvent]:
        """Return what has happened; each only once."""
        return ()

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        return None

    @property
    def finished(self) -> bool:
        """Whether it has taken part in as many deliveries as it was to."""
        return False

    def progress(self, *, now: float) -> PullProgress:
        """Return how far the deliveries are."""
        return PullProgress(now, (), 0, None, 0, 0, 0)
