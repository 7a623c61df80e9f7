"""A push: all its parts behind the verbs of a core.

Verbs take ``now`` in seconds on any clock that never goes back; after each, drain
``poll_transmits`` and ``poll_events`` and come back at ``poll_timeout``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from random import Random

from groupwire.deliver.entries import Manifest
from groupwire.deliver.push.course import Stage
from groupwire.deliver.push.events import PushEnded, PushEvent
from groupwire.deliver.push.farewell import farewell
from groupwire.deliver.push.group.rollcall import RollCall, request_of
from groupwire.deliver.push.listening import Listening
from groupwire.deliver.push.parts import Parts
from groupwire.deliver.push.rules import PushRules
from groupwire.deliver.push.steering import Steering
from groupwire.deliver.push.tally import Tally
from groupwire.deliver.report import PushProgress, PushReport
from groupwire.deliver.shelf import Shelf
from groupwire.deliver.wire.seals import PART_BYTES
from groupwire.errors import UsageError
from groupwire.gather import Answerer, Kind, is_tagged
from groupwire.gather.awake import AwakeClock
from groupwire.norm import AdaptiveRate, RateControl, Sender
from groupwire.values import Datagram, Interface, Transmit

__all__ = ["Push"]

_TICK_S = 1.0
_REPEATED = 64
"""So many of the last answers are said again at the end: one that is lost would leave
its member waiting for a sender that has gone."""


class Push:
    """Delivers the files of a shelf to every member of a group."""

    def __init__(  # noqa: PLR0913 - each is named where a push is made
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
        sender = Sender(rules.sender, control or AdaptiveRate(rules.rate))
        parts = Parts.of(rules, manifest, shelf, sender)
        self._rules = rules
        self._rng = rng
        self._norm = sender
        self._course = parts.course
        self._clock = AwakeClock()
        self._sending = parts.sending
        self._digesting = parts.digesting
        self._members = parts.members
        self._gathering = parts.gathering
        self._answerer = Answerer(rules.name, rules.limits, interfaces, rng=rng)
        self._rollcall = RollCall(
            rules.name,
            rng=rng,
            patience_s=rules.patience_s,
            payload_limit=payload_limit,
        )
        self._listening = Listening(parts, self._answerer)
        self._steering = Steering(parts)
        self._tally = Tally(parts)
        self._transmits: list[Transmit] = []
        self._answers: deque[Transmit] = deque(maxlen=_REPEATED)
        self._events: list[PushEvent] = []

    # What the application wants.

    def start(self, *, now: float) -> None:
        """Call the members; files that are small are read meanwhile."""
        self._tell(now)
        self._course.started_at = now
        self._rollcall.hurry(now)
        self._norm.start(now=now)
        self._steering.start()
        self._turn(now)

    def feed(self, data: bytes, *, now: float) -> None:
        """Append to the file of unknown length; UsageError beyond ``feed_room``."""
        feed = self._sending.feed
        if feed is None:
            raise UsageError("no file has an unknown length", fix="feed none")
        feed.take(data)
        self._steering.feed_low = feed.room < PART_BYTES
        self._turn(now)

    def end_feed(self, *, now: float) -> None:
        """End the file of unknown length."""
        if self._sending.feed is not None:
            self._sending.feed.end()
        self._turn(now)

    @property
    def feed_room(self) -> int:
        """How many bytes can be fed now; FeedRoom tells when a part more can."""
        feed = self._sending.feed
        return 0 if feed is None else feed.room

    def stop(self, reason: str, *, now: float) -> None:
        """End at once with what there is."""
        if not self.finished:
            self._tell(now)
            self._end(reason)

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        """Judge strangers by these interfaces from now on."""
        self._answerer.update_interfaces(interfaces)

    # What the machine says.

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
        """Take in what came of reading a file; ``changed`` while it was read."""
        digest = None if changed else sha256
        if entry in self._digesting:
            if error is not None:
                self._digesting.drop(entry)
                self._sending.unreadable(entry, now=now)
            elif not self._digesting.take(entry, digest, size_bytes):
                self._sending.unreadable(entry, now=now)
        elif error is not None:
            self._sending.unreadable(entry, now=now)
        else:
            self._sending.digested(entry, digest, size_bytes, now=now)
        self._turn(now)

    def handle_ready(self, entry: int, *, now: float) -> None:  # noqa: ARG002 - the verb of a shelf names it
        """Go on sending: more of a file has been read ahead."""
        self._norm.wake(now=now)
        self._turn(now)

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Take in what arrived; junk is counted and dropped."""
        if not self._course.running:
            return
        self._tell(now)
        for part in datagram.parts():
            if is_tagged(part.data):
                self._hear_tagged(part, now)
            else:
                self._listening.feedback(part)
                self._norm.handle_datagram(part, now=now)
        self._turn(now)

    def handle_timeout(self, *, now: float) -> None:
        """Do what is due."""
        if not self._course.running:
            return
        self._answerer.handle_timeout(now=now)
        self._norm.handle_timeout(now=now)
        self._turn(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return what is to be sent; each only once."""
        transmits = self._transmits
        self._transmits = []
        if self._course.running:
            self._collect(transmits)
        return transmits

    def poll_events(self) -> Sequence[PushEvent]:
        """Return what has happened; each only once."""
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when to call :meth:`handle_timeout`, None for never."""
        course = self._course
        if not course.running:
            return None
        due = (
            course.now + _TICK_S,
            self._rollcall.next_at,
            self._answerer.poll_timeout(),
            self._norm.poll_timeout(),
            self._sending.deadline,
            self._gathering.deadline() if course.stage is Stage.GATHER else None,
        )
        return min(d for d in due if d is not None)

    @property
    def finished(self) -> bool:
        """Whether all has been said."""
        return self._course.stage is Stage.OVER

    @property
    def dropped(self) -> Counter[str]:
        """What was heard and meant nothing, by reason."""
        counted = Counter({"stray-answer": self._rollcall.stray})
        for part in (self._listening, self._members, self._answerer, self._norm):
            counted.update(part.dropped)
        return +counted

    def progress(self, *, now: float) -> PushProgress:
        """Return how far it is."""
        self._look(now)
        return self._tally.progress()

    def report(self, *, now: float) -> PushReport:
        """Return what there is so far."""
        self._look(now)
        return self._tally.report(self._steering.over or "")

    # How it is done.

    def _tell(self, now: float) -> None:
        """Tell all parts the time."""
        self._course.now = now
        self._course.awake = self._clock.at(now)

    def _look(self, now: float) -> None:
        if self._course.running:
            self._course.now = now

    def _hear_tagged(self, datagram: Datagram, now: float) -> None:
        if self._rollcall.is_own(datagram.data):
            return
        if request_of(datagram.data)[0] == Kind.ANSWER:
            for answer in self._rollcall.hear(datagram, now=now):
                self._listening.answered(answer)
            return
        self._answerer.handle_datagram(datagram, now=now)
        for message in self._answerer.poll_events():
            self._listening.told(message)

    def _turn(self, now: float) -> None:
        """Do whatever is due."""
        if not self._course.running:
            return
        self._tell(now)
        begun = self._course.begun
        self._steering.turn()
        if begun != self._course.begun:
            self._call_again(now)
        if self._steering.over is not None:
            self._end(self._steering.over)
            return
        next_at = self._rollcall.next_at
        if next_at is not None and next_at <= now:
            self._call(now)
        self._gather_events()

    def _call_again(self, now: float) -> None:
        """Begin to ask for what the new stage wants to know."""
        if self._course.offering:
            self._rollcall.hurry(now)
        else:
            self._rollcall.calm(now)

    def _call(self, now: float) -> None:
        self._rollcall.ask(
            self._listening.call(),
            members=len(self._members),
            rate=self._norm.rate_bytes_per_s,
            now=now,
        )

    def _gather_events(self) -> None:
        for part in (self._members, self._listening, self._sending, self._steering):
            self._events += part.events
            part.events.clear()

    def _collect(self, transmits: list[Transmit]) -> None:
        """Add what the parts want to have sent, calls first."""
        answers = self._answerer.poll_transmits()
        self._answers += answers
        new = [*self._rollcall.poll_transmits(), *answers]
        new += self._norm.poll_transmits()
        self._say(transmits, new)

    def _say(self, transmits: list[Transmit], new: Sequence[Transmit]) -> None:
        self._tally.wire_bytes += sum(len(t.data) for t in new)
        transmits += new

    def _end(self, reason: str) -> None:
        self._collect(self._transmits)
        self._steering.over = reason
        self._course.stage = Stage.OVER
        last = farewell(
            self._rules, reason, self._members, self._norm.grtt_s, rng=self._rng
        )
        self._say(self._transmits, [*self._answers, *self._answers, *last])
        self._sending.close()
        self._gather_events()
        self._events.append(PushEnded(self._tally.report(reason)))
