"""Files of a NORM sender that does not speak our words (docs/delivery.md §7.2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from groupwire.deliver.pull.events import FileSettled, Joined, SenderGone
from groupwire.deliver.pull.files.gate import Gate
from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.reasons import reason_of
from groupwire.deliver.report import PulledFile, PullReport
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.wire.manifest import MANIFEST_INFO
from groupwire.deliver.wire.seals import SEAL_INFO, parse_part
from groupwire.norm import ObjectOffer
from groupwire.norm.receive.events import LossReason, ObjectLost, ObjectReceived
from groupwire.values import Transmit

__all__ = ["Foreign", "is_ours"]

_QUIET_S = 2.0
"""It is done when nothing has come for so long, and nothing is lacking."""
_TOLD_FILES = 10_000
_GOOD = frozenset({Status.STORED, Status.UNCHANGED})
_NOT_TOLD = frozenset({LossReason.REFUSED, LossReason.ENDED, LossReason.SILENCE})


def is_ours(info: bytes | None) -> bool:
    """Return whether INFO shows that its sender speaks our words."""
    if info is None:
        return False
    return info in (MANIFEST_INFO, SEAL_INFO) or parse_part(info) is not None


class Foreign:
    """Takes every object as a file, under the name that its INFO is."""

    def __init__(self, key: int, run: Run, setting: Setting, now: float) -> None:
        self.key = key
        self.run = run
        self.name = str(run.sender.origin)
        self.began = self.heard = now
        self.report: PullReport | None = None
        self.begun = False
        """Whether it takes a place: as soon as an object has come."""
        self._setting = setting
        self._gates: dict[int, Gate] = {}
        self._at_disk: dict[int, bytes | None] = {}
        """Objects that the disk is at, with their INFO."""
        self._taken: list[int] = []
        self._told: deque[PulledFile] = deque(maxlen=_TOLD_FILES)
        self._stored = self._unchanged = self._failed = 0
        self._bytes = 0
        self._moved = now
        self._left: str | None = None

    def hear(self, now: float, *, data: bool) -> None:
        """Note a sign of life."""
        self.heard = now
        if data:
            self._moved = now

    def leave(self, reason: str, now: float) -> None:
        """Learn that the sender is gone."""
        self._left = reason
        if self._gates and reason:
            self._setting.events.append(SenderGone(self.name, reason))
        self._close_gates()
        self._end_if_done(now)

    def stop(self, now: float) -> None:
        """Leave it."""
        self._end("stopped", now)

    def abandon(self, now: float) -> None:
        """Leave it: its sender speaks our words after all."""
        self._end("replaced", now)
        for number in self._taken:
            self.run.again(number, now)

    def offer(self, offer: ObjectOffer) -> Gate:
        """Return where an object goes. Raises OSError."""
        number = offer.object
        if not self.begun:
            self._begin()
        sink = self._setting.storage.open_foreign(self.key, number, offer.size_bytes)
        gate = self._gates[number] = Gate(sink)
        self._taken.append(number)
        return gate

    def _begin(self) -> None:
        self.begun = True
        origin = self.run.sender.origin
        joined = Joined(self.name, origin, "", 0, None, foreign=True)
        self._setting.events.append(joined)

    def received(self, event: ObjectReceived, now: float) -> None:
        """Take in an object that is complete."""
        self._moved = now
        number, info = event.object, event.info
        if self._gates.pop(number, None) is not None:
            self._at_disk[number] = info
            self._setting.storage.finish_foreign(self.key, number, _name(number, info))

    def lost(self, event: ObjectLost, now: float) -> None:
        """Learn that an object will not come."""
        if (gate := self._gates.pop(event.object, None)) is not None:
            gate.closed = True
            self._setting.storage.discard_foreign(self.key, event.object)
        if event.reason in _NOT_TOLD or not self.begun:
            return
        self._moved = now
        reason = "gone" if event.error is None else reason_of(event.error)
        outcome = Outcome(Status.FAILED, reason=reason)
        self._settle(_name(event.object, None), outcome)

    def examined(self, examined: Examined, now: float) -> None:
        """Nothing is examined here."""

    def concluded(self, failed: Mapping[int, str], now: float) -> None:
        """Nothing is concluded here."""

    def finished(self, entry: int, outcome: Outcome, now: float) -> None:
        """Learn what became of an object."""
        if entry not in self._at_disk or self.report is not None:
            return
        info = self._at_disk.pop(entry)
        self._settle(_name(entry, info), outcome)
        if outcome.status in _GOOD:
            self.run.accept(entry, now)
        self._end_if_done(now)

    def _settle(self, name: str, outcome: Outcome) -> None:
        file = PulledFile(
            path=name,
            size_bytes=outcome.size_bytes,
            sha256=(outcome.sha256 or b"").hex(),
            status=outcome.status,
            reason=outcome.reason,
        )
        self._stored += outcome.status is Status.STORED
        self._unchanged += outcome.status is Status.UNCHANGED
        self._failed += outcome.status not in _GOOD
        self._bytes += outcome.size_bytes
        self._told.append(file)
        self._setting.events.append(FileSettled(file))

    def _end_if_done(self, now: float) -> None:
        if self._left is not None and not self._at_disk:
            self._end(self._left, now)

    def _end(self, reason: str, now: float) -> None:
        if self.report is not None:
            return
        self._close_gates()
        if self.begun:
            self._setting.storage.abandon(self.key)
        self.report = PullReport(
            sender=self.name,
            title="",
            files=tuple(self._told),
            stored=self._stored,
            unchanged=self._unchanged,
            failed=self._failed,
            bytes_received=self._bytes,
            lost=self.run.lost,
            elapsed_s=now - self.began,
            signed=False,
            reason=reason,
            foreign=True,
        )

    def _close_gates(self) -> None:
        for gate in self._gates.values():
            gate.closed = True
        self._gates.clear()

    @property
    def counts(self) -> bool:
        """Whether its end is told and counted: something has come."""
        return self.begun

    @property
    def deadline(self) -> float | None:
        """When it may be done."""
        if not self.begun or self._left is not None or self.report is not None:
            return None
        return self._moved + _QUIET_S

    def expire(self, now: float) -> None:
        """See whether it is done."""
        due = self.deadline
        if due is None or due > now:
            return
        self._moved = now
        if not self.run.lacks and not self._at_disk:
            self._end("", now)

    def silent_at(self, silence_s: float) -> float | None:
        """When its sender is gone, if nothing is heard of it."""
        if not self.begun or self._left is not None or self.report is not None:
            return None
        return self.heard + silence_s

    def poll_transmits(self) -> Sequence[Transmit]:
        """Nothing is said to it but NORM."""
        return ()

    @property
    def bytes_have(self) -> int:
        """How much has come."""
        return self._bytes + sum(gate.have_bytes for gate in self._gates.values())

    @property
    def total_bytes(self) -> int | None:
        """Nobody knows."""
        return None

    @property
    def files(self) -> tuple[int, int]:
        """How many files are settled, and how many there are as far as is known."""
        settled = self._stored + self._unchanged + self._failed
        return settled, settled + len(self._gates) + len(self._at_disk)


def _name(number: int, info: bytes | None) -> str:
    """Return the name that a sender gave, which the disk makes safe."""
    if not info:
        return f"object-{number}"
    return info.decode("utf-8", "replace")
