"""A push in a lab: its shelf in memory, members that do as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from ipaddress import ip_interface
from random import Random
from typing import Any, Protocol

from groupwire.deliver.digest import receipt_digest
from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.push import Push, PushEnded, PushRules
from groupwire.deliver.report import PushReport
from groupwire.deliver.wire.manifest import MANIFEST_INFO, decode_manifest
from groupwire.deliver.wire.ranges import ranges_of
from groupwire.deliver.wire.seals import SEAL_INFO, decode_seals, parse_part
from groupwire.deliver.wire.speech import decode_word, encode_word
from groupwire.deliver.words import (
    Bye,
    Call,
    Failure,
    Join,
    MemberPhase,
    Receipt,
    Signed,
    State,
)
from groupwire.gather import Answerer, Expectation, Limits, Tagged
from groupwire.gather import Kind as Said
from groupwire.norm import RateControl, Receiver, ReceiverConfig
from groupwire.norm.receive.config import Join as From
from groupwire.norm.receive.events import InfoReceived, ObjectLost, ObjectReceived
from groupwire.norm.send.content import BytesSource
from groupwire.testing import Faults, Lab
from groupwire.testing.lab import Member as Seat
from groupwire.values import Datagram, Interface, Origin, Transmit

__all__ = ["DELIVERY", "LINK", "Desk", "Dummy", "Group", "Paper", "manifest_of"]

DELIVERY = 0x1234
LINK = Interface("lab0", 1, (ip_interface("10.0.0.0/8"),))
_SENDER, _FIRST = 7, 100
_REPEAT_S = 0.25


def manifest_of(files: Mapping[str, bytes | None]) -> Manifest:
    """Return a manifest of files; None is one of unknown length."""
    entries = [
        Entry(path, size_bytes=None if data is None else len(data))
        for path, data in files.items()
    ]
    return Manifest(DELIVERY, "things", tuple(entries))


class Paper:
    """A shelf in memory; what is to be answered waits for :class:`Desk`."""

    def __init__(self, files: Sequence[bytes]) -> None:
        self.files = list(files)
        self.asked: list[tuple[int, bool]] = []
        """Entry, and whether it was opened for sending."""
        self.opened: list[int] = []
        self.open_now: set[int] = set()
        self.broken: set[int] = set()
        self.changing: dict[int, int] = {}
        """How often an entry is found to have changed."""
        self.failing: set[int] = set()
        """Cannot be read."""

    def digest(self, entry: int) -> None:
        self.asked.append((entry, False))

    def open(self, entry: int, skip_bytes: int = 0) -> BytesSource:  # noqa: ARG002
        if entry in self.broken:
            raise OSError("gone")
        assert entry not in self.open_now
        self.open_now.add(entry)
        self.opened.append(entry)
        self.asked.append((entry, True))
        return BytesSource(self.files[entry])

    def close(self, entry: int) -> None:
        self.open_now.remove(entry)


class Desk:
    """A push with its shelf, as a core for the lab."""

    def __init__(self, push: Push, shelf: Paper) -> None:
        self.push = push
        self.shelf = shelf
        self.events: list[Any] = []
        self.answers = True
        """Whether the shelf answers."""
        self._now = 0.0

    def start(self, now: float) -> None:
        self.push.start(now=now)
        self._serve(now)

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        self.push.handle_datagram(datagram, now=now)
        self._serve(now)

    def handle_timeout(self, *, now: float) -> None:
        self.push.handle_timeout(now=now)
        self._serve(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        return self.push.poll_transmits()

    def poll_events(self) -> Sequence[Any]:
        events = self.push.poll_events()
        self.events += events
        return events

    def poll_timeout(self) -> float | None:
        return self.push.poll_timeout()

    def _serve(self, now: float) -> None:
        shelf = self.shelf
        while self.answers and shelf.asked:
            entry, _ = shelf.asked.pop(0)
            data = shelf.files[entry]
            error = OSError("broken") if entry in shelf.failing else None
            changed = shelf.changing.get(entry, 0) > 0
            if changed:
                shelf.changing[entry] -= 1
            self.push.handle_digest(
                entry,
                None if error else sha256(data).digest(),
                len(data),
                changed=changed,
                error=error,
                now=now,
            )

    @property
    def report(self) -> PushReport | None:
        return next((e.report for e in self.events if isinstance(e, PushEnded)), None)


class Dummy:
    """A member by the book, with a real NORM receiver, in as few lines as will do."""

    def __init__(self, name: str, node: int, rng: Random) -> None:
        self.name = name
        self.node = node
        self.holds = False
        self.silent = False
        """Says no word; NORM goes on."""
        self.signs = True
        self.phase: MemberPhase | None = None
        """What it says it is, whatever it is."""
        self.has: dict[str, bytes] = {}
        """What was there before, by path."""
        self.fails: dict[str, str] = {}
        """Paths that it will not take, and why."""
        self.lies = False
        self.calls: list[Call] = []
        self.byes: list[Bye] = []
        self.signed: list[Signed] = []
        self.got: dict[int, bytes] = {}
        self.lost: list[int] = []
        self.parts: dict[int, bytes] = {}
        self.manifest: Manifest | None = None
        self.joins = 0
        self._rng = rng
        self._norm = Receiver(ReceiverConfig(node, From.WINDOW), rng)
        self._answerer = Answerer(name, Limits(), [LINK], rng=rng)
        self._sender: Origin | None = None
        self._digests: dict[int, bytes | None] = {}
        self._gone: set[int] = set()
        self._paths: dict[int, str] = {}
        self._bodies: dict[str, tuple[int, bytes]] = {}
        self._transmits: list[Transmit] = []
        self._events: list[Any] = []
        self._due: float | None = None
        self._request = 0

    # As a core.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        data = datagram.data
        if data[:3] == b"\xf5gw":
            self._hear(datagram, now)
            return
        if self._sender is None and not self.silent and self.joins < 3:
            self.joins += 1
            self._ask(Join(self.node), datagram.origin)
        self._norm.handle_datagram(datagram, now=now)
        self._take(now)

    def handle_timeout(self, *, now: float) -> None:
        self._answerer.handle_timeout(now=now)
        self._norm.handle_timeout(now=now)
        self._take(now)
        if self._due is not None and self._due <= now:
            self._due = None
            self._sign(now)

    def poll_transmits(self) -> Sequence[Transmit]:
        transmits = [
            *self._transmits,
            *self._answerer.poll_transmits(),
            *self._norm.poll_transmits(),
        ]
        self._transmits.clear()
        return transmits

    def poll_events(self) -> Sequence[Any]:
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        due = (self._due, self._answerer.poll_timeout(), self._norm.poll_timeout())
        return min((d for d in due if d is not None), default=None)

    # Words.

    def _hear(self, datagram: Datagram, now: float) -> None:
        told = Tagged.decode(datagram.data)
        if told.kind is Said.ANSWER:
            word = decode_word(told.data)
            if isinstance(word, Signed):
                self._be_signed(word)
            elif isinstance(word, Call):
                self._sender = datagram.origin
            return
        self._answerer.handle_datagram(datagram, now=now)
        for message in self._answerer.poll_events():
            word = decode_word(message.data)
            if isinstance(word, Bye):
                self.byes.append(word)
            elif isinstance(word, Call):
                self.calls.append(word)
                self._sender = datagram.origin
                if not self.silent:
                    self._answerer.answer(message, self.state(word), now=now)

    def state(self, call: Call) -> bytes:
        wants = None
        if self.manifest is not None:
            wants = ranges_of(self._lacking())
        have = sum(map(len, self.got.values()))
        phase = self.phase or self._phase()
        return encode_word(
            State(call.delivery, self.node, phase, self.holds, have, wants=wants)
        )

    def _phase(self) -> MemberPhase:
        return MemberPhase.HERE if self.manifest is None else MemberPhase.TAKING

    def _ask(self, word: Join | Receipt, to: Origin) -> None:
        self._request = self._rng.getrandbits(64)
        tagged = Tagged(Said.QUESTION, self._request, encode_word(word), name=self.name)
        self._transmits.append(Transmit(tagged.encode(), to))

    def _be_signed(self, word: Signed) -> None:
        self.signed.append(word)
        self._due = None
        if word.again:
            for entry in list(self._gone):
                self._gone.discard(entry)
                assert self.manifest is not None
                self._digests[entry] = self.manifest.entries[entry].sha256
                self._bodies.pop(self._path(entry), None)
                self.fails.pop(self._path(entry), None)

    # Objects.

    def _take(self, now: float) -> None:
        for event in self._norm.poll_events():
            if isinstance(event, ObjectReceived):
                self._keep(event)
            elif isinstance(event, ObjectLost):
                self.lost.append(event.object)
                if event.object in self._paths:
                    path = self._paths[event.object]
                    self.fails[path] = "gone"
                    self._bodies.setdefault(path, (0, b""))
            elif isinstance(event, InfoReceived):
                self._paths[event.object] = event.info.decode()
        self._settle(now)

    def _keep(self, event: ObjectReceived) -> None:
        info, data = event.info or b"", bytes(event.sink.data)  # type: ignore[attr-defined]
        if info == MANIFEST_INFO:
            self.manifest = decode_manifest(data)
            for number, entry in enumerate(self.manifest.entries):
                self._digests.setdefault(number, entry.sha256)
        elif info == SEAL_INFO:
            for seal in decode_seals(data)[1]:
                self._sealed(seal.entry, seal.object, seal.sha256)
        elif (part := parse_part(info)) is not None:
            self.parts[part[1]] = data
        else:
            self._bodies[info.decode()] = event.object & 0xFFFF, data

    def _sealed(self, entry: int, number: int | None, digest: bytes | None) -> None:
        self._digests[entry] = digest
        if digest is None and number is None:
            self._gone.add(entry)

    def _path(self, entry: int) -> str:
        assert self.manifest is not None
        return self.manifest.entries[entry].path

    def _lacking(self) -> list[int]:
        assert self.manifest is not None
        return [
            n
            for n, e in enumerate(self.manifest.entries)
            if e.kind is Kind.FILE
            and n not in self.got
            and n not in self._gone
            and not self._fails(e.path)
        ]

    def _fails(self, path: str) -> bool:
        """Tell whether it has failed; gone is only what came before."""
        gone = self.fails.get(path) == "gone"
        return path in self.fails and (not gone or path in self._bodies)

    def _settle(self, now: float) -> None:
        if self.manifest is None:
            return
        for number in self._lacking():
            data = self._body(number)
            digest = self._digests.get(number)
            if digest and data is not None and digest == sha256(data).digest():
                self.got[number] = data
        if not self._lacking() and self._due is None and not self._is_done:
            self._due = now

    def _body(self, number: int) -> bytes | None:
        assert self.manifest is not None
        entry = self.manifest.entries[number]
        if entry.path in self.has:
            return self.has[entry.path]
        if entry.size_bytes is None:
            parts = [self.parts[n] for n in sorted(self.parts)]
            return b"".join(parts)
        return self._bodies.get(entry.path, (0, None))[1]

    @property
    def _is_done(self) -> bool:
        return bool(self.signed) and not self.signed[-1].again

    # Receipts.

    def receipt(self) -> Receipt:
        rows = [(self._path(n), sha256(d).digest()) for n, d in self.got.items()]
        assert self.manifest is not None
        failed = [
            Failure(n, self.fails[e.path])
            for n, e in enumerate(self.manifest.entries)
            if e.path in self.fails
        ]
        failed += [Failure(n, "changed") for n in sorted(self._gone)]
        self._gone.update(f.entry for f in failed if f.reason == "gone")
        digest = bytes(32) if self.lies else receipt_digest(rows)
        return Receipt(
            DELIVERY,
            self.node,
            len(rows),
            sum(self._path(n) in self.has for n in self.got),
            sum(map(len, self.got.values())),
            0,
            digest,
            tuple(failed),
        )

    def _sign(self, now: float) -> None:
        if self._is_done or self._lacking() or not self.signs or self._sender is None:
            return
        self._ask(self.receipt(), self._sender)
        self._due = now + _REPEAT_S


class Outfit(Protocol):
    """What a test does to a member before it begins."""

    def __call__(self, member: Dummy) -> None: ...


class Group:
    """A push and its members on one lab."""

    def __init__(
        self,
        files: Mapping[str, bytes | None],
        *,
        members: int = 3,
        seed: int | str = 1,
        faults: Faults | None = None,
        loopback: bool = False,
        control: RateControl | None = None,
        **rules: Any,
    ) -> None:
        self.lab = Lab(seed, loopback=loopback)
        self.faults = faults or Faults(delay_s=0.0001)
        if "expect" not in rules:
            rules["expect"] = Expectation(count=members)
        self.rules = PushRules(DELIVERY, _SENDER, 9, "hub", "things", **rules)
        self.shelf = Paper([data or b"" for data in files.values()])
        push = Push(
            self.rules,
            manifest_of(files),
            self.shelf,
            rng=self.lab.rng("push"),
            interfaces=[LINK],
            control=control,
        )
        self.desk = Desk(push, self.shelf)
        self.seat = self.lab.add("hub", self.desk, up=self.faults, down=self.faults)
        self.members: list[Dummy] = []
        self.seats: list[Seat[Dummy]] = []
        for number in range(members):
            self.add(f"m{number}")

    @property
    def push(self) -> Push:
        return self.desk.push

    def add(self, name: str, *, faults: Faults | None = None) -> Dummy:
        node = _FIRST + self.lab.added
        member = Dummy(name, node, self.lab.rng(f"{name}/{node}"))
        link = faults or Faults()
        self.seats.append(self.lab.add(name, member, up=link, down=link))
        self.members.append(member)
        return member

    def begin(self) -> None:
        self.seat.do(lambda desk, now: desk.start(now))

    def run(self, until: float = 30.0) -> PushReport:
        """Run until the push has ended; return its report."""
        if self.lab.clock.now == 0 and not self.desk.events:
            self.begin()
        ended = self.lab.run(until, done=lambda: self.desk.report is not None)
        report = self.desk.report
        assert ended, f"seed {self.lab.seed}: it has not ended"
        assert report is not None
        return report

    def of(self, kind: type) -> list[Any]:
        """Return the events of a kind."""
        return [e for e in self.desk.events if isinstance(e, kind)]
