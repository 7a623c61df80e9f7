"""All publishers that a subscriber follows: each NORM sender by a receiver of its own.

So one that is lost is joined anew, without the others' noticing, and each has its share
of memory.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from random import Random

from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.events import MemberLeft
from groupwire.messages.members import LeaveReason, Member, Role
from groupwire.messages.rules import StartAt, SubscribeRules
from groupwire.messages.subscribe.foreign import ForeignRun
from groupwire.messages.subscribe.source import Run, Source, Totals
from groupwire.messages.subscribe.unknown import RunKey, first_in
from groupwire.messages.topics import Patterns
from groupwire.messages.wire.words import Here
from groupwire.norm import Join, Receiver, ReceiverConfig
from groupwire.norm.receive.events import SenderKey
from groupwire.values import Datagram, Origin, Transmit

__all__ = ["Crowd"]

_MOST_SOURCES = 64
_MOST_GONE = 1024
_SHARE, _FOREIGN_SHARE = 8, 64
"""Of the memory, that one stream may have."""
_STREAM_BLOCKS = 1 << 14
"""More than any window: what the sender keeps is waited for."""
_OBJECTS = 2048
"""More than a publisher keeps: what it keeps no more, it says itself."""
_REJOIN_S = 1.0
_FORGET_AFTER_S = 60.0
"""One that fell silent may come back until then."""
_VALUES_S = 5.0
_END_S = 0.25
"""After its farewell, for what was overtaken by it."""

_Key = tuple[int, Origin]
_Run = tuple[int, Origin, int, int]
_Places = tuple[int | None, ...]


class Crowd:
    """Follows publishers from where each is wanted."""

    def __init__(
        self, rules: SubscribeRules, rng: Random, dropped: Counter[str]
    ) -> None:
        self.sources: dict[_Key, Source] = {}
        self.runs: dict[RunKey, Run] = {}
        self.transmits: list[Transmit] = []
        self._rules = rules
        self._rng = rng
        self._dropped = dropped
        self._patterns = Patterns(rules.patterns)
        self._gone: OrderedDict[_Run, _Places] = OrderedDict()
        """What comes next of those that are followed no more, if they come back."""
        self._over: list[Source] = []
        """Those that have ended, and are still to be polled."""
        self._totals = (0, 0, 0, 0)
        """Of those that have ended."""

    # Who is followed.

    def meet(self, member: Member, here: Here, *, age_s: float, now: float) -> Source:
        """Begin to follow a publisher, or go on with it."""
        key = member.id, member.origin
        source = self.sources.get(key)
        if source is not None:
            source.member = member
            source.silent_since = None
            return source
        first: tuple[int | None, ...] = here.sent
        younger = here.age_ms < 1000 * age_s
        if younger:
            first = (0,) * len(DELIVERIES)
        elif self._rules.start_at is StartAt.WINDOW:
            # Of what nobody repairs, nothing before is to be had.
            first = tuple(
                count if delivery is Delivery.BESTEFFORT else None
                for delivery, count in zip(DELIVERIES, here.sent, strict=True)
            )
        before = self._gone.pop(_run(member), None) or self._had_elsewhere(member)
        if before is not None:
            first = before
        source = Source(member, here.sent, first, self._wants, self._drop)
        source.resumed = before is not None
        if not younger and self._rules.start_at is StartAt.LAST_VALUE:
            source.values_until = now + _VALUES_S
        self._add(key, source)
        return source

    def meet_foreign(self, key: RunKey, now: float) -> Source:
        """Begin to follow a NORM sender that does not speak our words."""
        origin, node, instance = key
        name = f"norm-{node}"
        life = node << 16 | instance
        member = Member(life, name, Role.FOREIGN, origin, node, instance, name)
        none = (None,) * len(DELIVERIES)
        zeros = (0,) * len(DELIVERIES)
        source = Source(member, zeros, none, self._wants, self._drop)
        source.heard_at = now
        self._add((life, origin), source)
        norm_key = SenderKey(origin, node, instance)
        norm = self._receiver(Join.NOW, foreign=True)
        self.runs[key] = source.runs[Delivery.RELIABLE] = ForeignRun(
            norm_key, source, norm
        )
        return source

    def _had_elsewhere(self, member: Member) -> _Places | None:
        """Return what is wanted next of this life at other addresses: it has moved."""
        run = member.id, member.node, member.instance
        found: _Places | None = None
        for (life, origin), source in self.sources.items():
            other = source.member
            if (life, other.node, other.instance) != run or origin == member.origin:
                continue
            expected = source.expected
            pairs = zip(found or expected, expected, strict=True)
            found = tuple(
                None if a is None or b is None else max(a, b) for a, b in pairs
            )
        return found

    def _add(self, key: _Key, source: Source) -> None:
        while len(self.sources) >= _MOST_SOURCES:
            self._dropped["publishers-full"] += 1
            newest_first = reversed(self.sources.values())
            self.end(min(newest_first, key=_worth), exact=False)
        self.sources[key] = source

    def follows(self, member: Member) -> bool:
        """Return whether a publisher is followed."""
        return (member.id, member.origin) in self.sources

    def open(
        self, member: Member, key: RunKey, *, heard: int | None = None
    ) -> Run | None:
        """Begin to follow one of a publisher's senders; None where it is not met.

        The message of a sequence that was ``heard`` before is wanted, too.
        """
        source = self.sources.get((member.id, member.origin))
        index = key[1] - member.node
        if source is None or not 0 <= index < len(DELIVERIES):
            return None
        delivery = DELIVERIES[index]
        first = source.first[index]
        if first is not None and heard is not None:
            first = source.first[index] = min(first, heard)
        latest, resumed = delivery is Delivery.LATEST, source.resumed
        join = Join.OBJECT
        if first is None or (latest and (resumed or not first)):
            join = Join.WINDOW  # values that are current may be in objects before
        elif first and not latest and not resumed:
            join = Join.NOW
        run = Run(SenderKey(*key), source, delivery, self._receiver(join), first)
        run.begins = bool(first) and heard is None and not resumed
        if first and heard is not None and not resumed:
            source.lacks_before(delivery, first)
        self.runs[key] = source.runs[delivery] = run
        return run

    def left(self, member: Member, reason: LeaveReason, now: float) -> Source | None:
        """Note that a publisher has gone; return it if it will end by itself."""
        source = self.sources.get((member.id, member.origin))
        if source is None:
            return None
        if reason is LeaveReason.SILENT:
            source.silent_since = now
            return None
        source.end_at = now + (_END_S if reason is LeaveReason.SAID else 0.0)
        return source

    def end(self, source: Source, *, exact: bool) -> None:
        """Follow a publisher no more; what it has told stays to be polled."""
        source.end(exact=exact, had=self._had_elsewhere(source.member))
        self._gone[_run(source.member)] = source.expected
        while len(self._gone) > _MOST_GONE:
            self._gone.popitem(last=False)
        for run in source.runs.values():
            key = run.key
            self.runs.pop((key.origin, key.source, key.instance), None)
        self._over.append(source)
        self._totals = _sum(self._totals, source.totals)
        del self.sources[source.member.id, source.member.origin]

    def leave(self, member: Member) -> None:
        """Follow a publisher no more, and tell nothing more of it."""
        source = self.sources.get((member.id, member.origin))
        if source is not None:
            source.poll_events()
            self.end(source, exact=False)
            source.poll_events()

    # What is heard, and what time brings.

    def hear(self, run: Run, datagram: Datagram, now: float) -> bool:
        """Give a sender's datagram to its receiver.

        False: a message has come that was the next one, so nothing is due sooner than
        before, and nothing is to be sent.
        """
        run.source.heard = True
        if run.begins:
            _begin(run, datagram)
        # Of single messages nearly all datagrams are so, and somebody waits for each.
        if run.norm.handle_next(datagram, now=now):
            run.take(run.norm.poll_events())
            return False
        if run.lost_stream and now >= run.rejoin_at:
            self._rejoin(run, now)
        if isinstance(run, ForeignRun):
            # A row would hide where its messages begin.
            for part in datagram.parts():
                run.note(part.data)
                run.norm.handle_datagram(part, now=now)
                self._drain(run)
            run.settle(now)
            run.source.heard_at = now
        else:
            run.norm.handle_datagram(datagram, now=now)
            self._drain(run)
        return True

    def overhear(self, to: tuple[int, int], datagram: Datagram, now: float) -> None:
        """Give what another receiver says to those who follow the same sender."""
        for key, run in list(self.runs.items()):
            if key[1:] == to:
                run.norm.handle_datagram(datagram, now=now)
                self._drain(run)

    def _rejoin(self, run: Run, now: float) -> None:
        """Begin anew with a stream that was given up; nothing comes twice."""
        run.lost_stream = False
        run.rejoin_at = now + _REJOIN_S
        run.norm = self._receiver(Join.OBJECT)

    def _drain(self, run: Run) -> None:
        norm = run.norm
        if events := norm.poll_events():
            run.take(events)
        self.transmits += norm.poll_transmits()
        run.due = norm.poll_timeout()

    def expire(self, now: float, *, reads: bool) -> None:
        """Do what is due; who reads nothing asks for nothing."""
        if reads:
            for run in list(self.runs.values()):
                if run.due is not None and run.due <= now:
                    run.norm.handle_timeout(now=now)
                    self._drain(run)
                if isinstance(run, ForeignRun):
                    run.settle(now)
        for source in list(self.sources.values()):
            source.expire_values(now)
            if source.end_at is not None and source.end_at <= now:
                self.end(source, exact=True)
            elif _forgotten(source, now):
                self._forget(source)

    def _forget(self, source: Source) -> None:
        if source.member.role is Role.FOREIGN:
            source.left = MemberLeft(source.member, LeaveReason.SILENT)
        self.end(source, exact=False)

    def deadline(self, *, reads: bool) -> float | None:
        """Return when something is due."""
        due: list[float | None] = []
        if reads:
            due += [run.due for run in self.runs.values()]
            foreign = (r for r in self.runs.values() if isinstance(r, ForeignRun))
            due += [run.piece_at for run in foreign]
        for source in self.sources.values():
            due += [source.end_at, source.values_until]
            due.append(_forgotten_at(source))
        return min((d for d in due if d is not None), default=None)

    @property
    def totals(self) -> Totals:
        """Messages, their bytes, those skipped and those lost, of all publishers."""
        totals = self._totals
        for source in self.sources.values():
            totals = _sum(totals, source.totals)
        return totals

    def told(self) -> Iterable[Source]:
        """Return all that may have events, those that have ended too."""
        over, self._over = self._over, []
        return [*self.sources.values(), *over] if over else self.sources.values()

    # How it is done.

    def _receiver(self, join: Join, *, foreign: bool = False) -> Receiver:
        rules = self._rules
        share = _FOREIGN_SHARE if foreign else _SHARE
        config = ReceiverConfig(
            rules.node,
            join,
            unicast=True,
            sources=1,
            memory_bytes=rules.memory_bytes // share,
            objects=_OBJECTS,
            stream_blocks=_STREAM_BLOCKS,
            forgives_gone=True,
            message_by_message=foreign,
            views=not foreign,
        )
        return Receiver(config, self._rng)

    @property
    def _wants(self) -> Callable[[str], bool]:
        return self._patterns.matches

    def _drop(self, reason: str) -> None:
        self._dropped[reason] += 1


def _begin(run: Run, datagram: Datagram) -> None:
    """Take what is sent now for the first time, though it was counted as sent before.

    A publisher counts what waits in its queue, too.
    """
    first = first_in(datagram)
    if first is not None:
        run.begin(first.sequence)


def _worth(source: Source) -> tuple[bool, bool, int, float]:
    """Return what orders publishers: whose is the least makes room for others.

    To say that one is here costs a stranger nothing; messages do.
    """
    here = source.silent_since is None
    known = source.member.role is not Role.FOREIGN
    messages, _, skipped, _ = source.totals
    return here, known, messages + skipped, source.silent_since or 0.0


def _run(member: Member) -> _Run:
    return member.id, member.origin, member.node, member.instance


def _forgotten(source: Source, now: float) -> bool:
    at = _forgotten_at(source)
    return at is not None and at <= now


def _forgotten_at(source: Source) -> float | None:
    """Return when a publisher is followed no more, if nothing is heard of it."""
    since = source.silent_since
    if source.member.role is Role.FOREIGN:
        since = source.heard_at
    return None if since is None else since + _FORGET_AFTER_S


def _sum(one: Totals, other: Totals) -> Totals:
    a, b, c, d = (x + y for x, y in zip(one, other, strict=True))
    return a, b, c, d
