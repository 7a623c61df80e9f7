"""One delivery, from the first call to the signature (docs/delivery.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from groupwire.deliver.entries import Manifest
from groupwire.deliver.pull.events import FileSettled, Joined, SenderGone
from groupwire.deliver.pull.files.files import Files
from groupwire.deliver.pull.plumbing.farewell import say_left
from groupwire.deliver.pull.plumbing.phase import BEFORE, Phase
from groupwire.deliver.pull.plumbing.reading import Reading
from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.plumbing.signing import Signing
from groupwire.deliver.pull.plumbing.timer import earliest
from groupwire.deliver.report import PulledFile, PullReport
from groupwire.deliver.storage import Examined, Outcome
from groupwire.deliver.wire.manifest import MANIFEST_INFO
from groupwire.deliver.wire.seals import SEAL_INFO
from groupwire.deliver.words import Bye, Call, CallPhase, MemberPhase, Signed, State
from groupwire.errors import UsageError
from groupwire.gather import MessageReceived
from groupwire.norm import LATER, Later, ObjectFlag, ObjectOffer, Sink
from groupwire.norm.receive.events import LossReason, ObjectLost, ObjectReceived
from groupwire.values import Datagram, Transmit

__all__ = ["Delivery"]

_MOST_ROUNDS = 8
"""Receipts that end with what failed being sent once more."""
_EXAMINING_S = 0.8
"""So long an answer waits for the disk."""
_STALLED_S = 2.0
"""Where something was lost of which nobody knows what it was."""
_EMPTY_S = 0.2
"""After so long empty files are made without their objects."""
_ENDED = frozenset({LossReason.ENDED, LossReason.SILENCE})


class Delivery:
    """Takes part in one delivery of a sender that speaks our words."""

    def __init__(
        self,
        key: int,
        call: Call,
        name: str,
        run: Run,
        setting: Setting,
        *,
        now: float,
    ) -> None:
        self.key = key
        self.delivery = call.delivery
        self.name = name
        self.run = run
        self.began = self.heard = now
        self.report: PullReport | None = None
        """How it ended, once it has."""
        self._title = call.title
        self._files_told, self._bytes_told = call.files, call.size_bytes
        self._setting = setting
        self._phase = Phase.ANNOUNCED
        self._call_phase = call.phase
        self._reading = Reading(call.delivery, run, setting)
        self._files: Files | None = None
        self._signing = Signing(setting)
        self._rounds = 0
        self._waiting: tuple[MessageReceived, float] | None = None
        """A call that is answered when the disk has looked, or it is due."""
        self._moved = now
        """When something of it came last."""
        self._stale = False
        """Whether the disk has to conclude once more, because a file was opened again
        meanwhile."""
        self._left: str | None = None
        """Why the sender is there no more, while the disk is still at something."""

    begun = True
    """It is shown from the beginning."""

    @property
    def phase(self) -> Phase:
        """How far it is."""
        return self._phase

    @property
    def counts(self) -> bool:
        """Whether its end is told and counted: its manifest has come."""
        return self._files is not None

    @property
    def provisional(self) -> bool:
        """Whether it was announced only, as anybody can, and holds no place yet."""
        return self._phase is Phase.ANNOUNCED

    # What the sender says.

    def hear(self, now: float, *, data: bool) -> None:
        """Note a sign of life."""
        self.heard = now
        if data:
            self._moved = now

    def called(self, call: Call, message: MessageReceived | None, now: float) -> None:
        """Take a call in; it is answered where it came as a question."""
        if call.phase is not self._call_phase:
            self._call_phase, self._moved = call.phase, now
        if message is None:
            return
        self.run.interface = message.datagram.interface
        if call.phase is CallPhase.OFFER and self._phase in BEFORE:
            due = now + _EXAMINING_S if self._waiting is None else self._waiting[1]
            self._waiting = message, due
        else:
            self._setting.answer(message, self._state(), now)

    def _state(self) -> State:
        files, storage = self._files, self._setting.storage
        state = State(self.delivery, self._setting.rules.node, self._member_phase())
        if files is None or self._phase in BEFORE:
            return replace(state, holds=storage.holds)
        return replace(
            state,
            holds=storage.holds,
            bytes_have=files.bytes_have,
            lost=self.run.lost,
            wants=files.ledger.wants(),
            held=files.held if self._call_phase is CallPhase.OFFER else (),
        )

    def _member_phase(self) -> MemberPhase:
        if self._phase in (Phase.SIGNING, Phase.OVER):
            return MemberPhase.DONE
        if self._phase not in BEFORE:
            return MemberPhase.TAKING
        if self._call_phase is CallPhase.GATHER:
            return MemberPhase.HERE
        return MemberPhase.EXAMINING

    def bye(self, bye: Bye, now: float) -> None:
        """Take in the last word of its sender, which may say what an answer said."""
        if self._phase is Phase.SIGNING and self._setting.rules.node in bye.signed:
            self._end("", now, signed=True)
        else:
            self.leave(bye.reason, now)

    def leave(self, reason: str, now: float) -> None:
        """Learn that the sender is gone: by its own word, or by its silence."""
        if self._phase is Phase.SIGNING and not reason:
            self._signing.hurry(now)
        elif self._phase is Phase.SIGNING:
            self._end("", now, signed=False)
        elif self._phase is Phase.CONCLUDING or self._with_disk():
            self._left = reason
        else:
            reason = reason or "the sender has ended"
            self._setting.events.append(SenderGone(self.name, reason))
            self._end(reason, now, signed=False)

    def _with_disk(self) -> bool:
        return self._phase is Phase.TAKING and self._taking.finishing

    def stop(self, now: float) -> None:
        """Leave it, and say so; what is incomplete is kept."""
        if self._phase is not Phase.OVER:
            say_left(self._setting, self.delivery, self.run, now)
        self._end("stopped", now, signed=False)

    def abandon(self, now: float) -> None:
        """Leave it for another run without a word."""
        self._end("replaced", now, signed=False)

    def let_go(self, now: float) -> None:
        """Leave it before it has begun, so that it can begin anew."""
        self._reading.want_again(now)
        self.abandon(now)

    # What NORM says.

    def offer(self, offer: ObjectOffer) -> Sink | Later | None:
        """Return where an object goes."""
        if self._phase is Phase.OVER:
            return None
        if offer.info == MANIFEST_INFO:
            new = self._phase is Phase.ANNOUNCED
            return self._reading.open_manifest(offer) if new else None
        if self._files is None or self._phase in BEFORE:
            return LATER
        if offer.info is None and offer.flags & ObjectFlag.INFO:
            return LATER
        if offer.info == SEAL_INFO:
            return self._reading.open_seals(offer)
        return self._files.offer(offer)

    def received(self, event: ObjectReceived, now: float) -> None:
        """Take in an object that is complete."""
        self._moved = now
        number = event.object
        if (paper := self._reading.take(number)) is None:
            if self._files is not None:
                self._files.received(number, event.size_bytes, now)
                self._go_on(now)
        elif self._files is None:
            self._read_manifest(number, paper, now)
        else:
            self._read_seals(number, paper, now)

    def lost(self, event: ObjectLost, now: float) -> None:
        """Learn that an object will not come."""
        paper = self._reading.lost(event.object)
        if event.reason in _ENDED:
            return
        if paper and self._files is None:
            self.leave("the manifest is gone", now)
        elif self._files is not None:
            self._files.lost(event, now)
            self._go_on(now)

    def _read_manifest(self, number: int, paper: bytes, now: float) -> None:
        manifest = self._reading.manifest(number, paper, now)
        if manifest is not None:
            self._know(manifest)
        elif self._reading.hopeless:
            self.leave(self._reading.hopeless, now)

    def _know(self, manifest: Manifest) -> None:
        self._files = Files(
            self.key, manifest, self.run, self._setting.storage, self._tell
        )
        self._enter(Phase.EXAMINING)
        self._title = manifest.title
        self._setting.events.append(
            Joined(
                self.name,
                self.run.sender.origin,
                manifest.title,
                manifest.files,
                manifest.total_bytes,
            )
        )
        self._setting.storage.examine(self.key, manifest)

    def _read_seals(self, number: int, paper: bytes, now: float) -> None:
        for seal in self._reading.seals(number, paper, now):
            self._taking.seal(seal, number, now)
        if self._phase is Phase.SIGNING and self._taking.ledger.left:
            # One of them has opened again what was done.
            self._signing.end()
            self._enter(Phase.TAKING)
        elif self._phase is Phase.CONCLUDING and self._taking.ledger.left:
            self._stale = True
        self._go_on(now)

    # What the disk says.

    def examined(self, examined: Examined, now: float) -> None:
        """Learn what is there already."""
        if self._phase is not Phase.EXAMINING:
            return
        self._enter(Phase.TAKING)
        self._moved = now
        self._taking.examined(examined)
        self._answer_waiting(now)
        self.run.retry(now)
        self._go_on(now)

    def finished(self, entry: int, outcome: Outcome, now: float) -> None:
        """Learn what became of a file."""
        if self._files is not None and self._phase is not Phase.OVER:
            self._files.finished(entry, outcome, now)
            self._go_on(now)

    def concluded(self, failed: Mapping[int, str], now: float) -> None:
        """Learn which directories and links could not be made."""
        if self._phase is not Phase.CONCLUDING:
            return
        if self._stale:
            self._stale = False
            self._enter(Phase.TAKING)
            self._go_on(now)
            return
        for entry, reason in failed.items():
            self._tell(self._taking.ledger.fail_rest(entry, reason))
        if self._left is not None:
            self._end("", now, signed=False)
        else:
            self._sign(now)

    # What comes of it.

    def _go_on(self, now: float) -> None:
        """Conclude when every file is settled."""
        if self._phase is not Phase.TAKING:
            return
        if self._taking.take_retry():
            self.run.retry(now)
        if not self._taking.ledger.left:
            self._enter(Phase.CONCLUDING)
            self._setting.storage.conclude(self.key)
        elif self._left is not None and not self._taking.finishing:
            self.leave(self._left, now)

    def _sign(self, now: float) -> None:
        self._enter(Phase.SIGNING)
        receipt = self._taking.ledger.receipt(self._setting.rules.node, self.run.lost)
        to, interface = self.run.sender.origin, self.run.interface
        if not self._signing.begin(receipt, to, interface, now):
            self._end("", now, signed=False)

    def answered_by(self, datagram: Datagram) -> bool:
        """Return whether a datagram answers the receipt."""
        return self._signing.answered_by(datagram)

    def signed(self, signed: Signed, now: float) -> None:
        """Take in that the sender has the receipt."""
        if signed.delivery != self.delivery:
            self._setting.dropped["other-delivery"] += 1
            return
        if not signed.again or self._rounds >= _MOST_ROUNDS:
            self._end("", now, signed=True)
        elif self._taking.reopen_failed():
            self._rounds += 1
            self._signing.end()
            self._moved = now
            self._enter(Phase.TAKING)
        else:
            # A file is on its way anew: its seal will open again what was done.
            self._signing.go_on(now)

    def _end(self, reason: str, now: float, *, signed: bool) -> None:
        if self._phase is Phase.OVER:
            return
        self._setting.storage.abandon(self.key)
        self._reading.close()
        self._signing.end()
        self.report = self._report(reason, now, signed=signed)
        self._enter(Phase.OVER)

    def _report(self, reason: str, now: float, *, signed: bool) -> PullReport:
        ledger = None if self._files is None else self._files.ledger
        return PullReport(
            sender=self.name,
            title=self._title,
            files=() if ledger is None else ledger.told,
            stored=0 if ledger is None else ledger.stored,
            unchanged=0 if ledger is None else ledger.unchanged,
            failed=0 if ledger is None else ledger.failed,
            bytes_received=0 if self._files is None else self._files.bytes_have,
            lost=self.run.lost,
            elapsed_s=now - self.began,
            signed=signed,
            reason=reason,
        )

    @property
    def final(self) -> State:
        """What to answer when it is over and asked again."""
        report = self.report
        if report is None or not report.complete:
            reason = "" if report is None else report.reason
            state = State(self.delivery, self._setting.rules.node, MemberPhase.REFUSED)
            return replace(state, reason=reason)
        return self._state()

    # What time brings.

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        return earliest(
            self._signing.deadline,
            None if self._waiting is None else self._waiting[1],
            self._stalled_at,
        )

    def expire(self, now: float) -> None:
        """Do what is due."""
        if self._waiting is not None and self._waiting[1] <= now:
            self._answer_waiting(now)
        self._signing.expire(now)
        if self._signing.over:
            self._end("", now, signed=False)
        if self._stalled_at is not None and self._stalled_at <= now:
            self._stalled(now)

    def silent_at(self, silence_s: float) -> float | None:
        """When its sender is gone, if nothing is heard of it."""
        over = self._left is not None or self.report is not None
        return None if over else self.heard + silence_s

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent to the sender."""
        return self._signing.poll_transmits()

    def _answer_waiting(self, now: float) -> None:
        if self._waiting is not None:
            self._setting.answer(self._waiting[0], self._state(), now)
            self._waiting = None

    @property
    def _stalled_at(self) -> float | None:
        """When what has not come will not come by itself."""
        if self._phase is not Phase.TAKING:
            return None
        if self._taking.only_empty_left:
            return self._moved + _EMPTY_S
        if self._call_phase is not CallPhase.SEND:
            return None
        unnamed = self._taking.lost_unnamed
        wait = _STALLED_S if unnamed else self._setting.rules.patience_s
        return self._moved + wait

    def _stalled(self, now: float) -> None:
        """Give up what nobody sends, so that the receipt asks for it.

        A sender that is busy with other members, or waits for its own input, is none.
        """
        self._moved = now
        if self._taking.only_empty_left:
            self._taking.make_empty()
            self._go_on(now)
        elif not self.run.lacks and not self._taking.open_ended:
            self._taking.give_up_open()
            self._go_on(now)

    # Small things.

    @property
    def _taking(self) -> Files:
        if self._files is None:
            raise UsageError("there is no manifest", fix="wait for it")
        return self._files

    @property
    def bytes_have(self) -> int:
        """Of its files, what was there before included."""
        return 0 if self._files is None else self._files.bytes_have

    @property
    def total_bytes(self) -> int | None:
        """Of its files; None where that is not known."""
        if self._files is None:
            return self._bytes_told
        return self._files.ledger.manifest.total_bytes

    @property
    def files(self) -> tuple[int, int]:
        """How many files are settled, and how many there are."""
        if self._files is None:
            return 0, self._files_told
        ledger = self._files.ledger
        return ledger.manifest.files - ledger.left, ledger.manifest.files

    def _tell(self, file: PulledFile) -> None:
        self._setting.events.append(FileSettled(file))

    def _enter(self, phase: Phase) -> None:
        self._phase = self._phase.to(phase)
