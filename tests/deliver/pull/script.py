"""A sender that says what a test wants, and a member that hears it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from random import Random
from typing import Any

from tests.deliver.fakes import MemoryStorage, PullAnswer

from groupwire.deliver.entries import Manifest
from groupwire.deliver.pull import (
    DeliveryEnded,
    FileSettled,
    Pull,
    PullEvent,
    PullRules,
)
from groupwire.deliver.report import PullReport
from groupwire.deliver.wire.manifest import MANIFEST_INFO, encode_manifest
from groupwire.deliver.wire.seals import SEAL_INFO, Seal, encode_seals
from groupwire.deliver.wire.speech import decode_word, encode_word
from groupwire.deliver.words import (
    Bye,
    Call,
    CallPhase,
    Join,
    Receipt,
    Signed,
    State,
    Word,
)
from groupwire.gather import Kind, Tagged, is_tagged
from groupwire.norm import Coding, FixedRate, ObjectFlag, Sender, SenderConfig
from groupwire.norm.send.events import SenderEvent
from groupwire.testing import Faults, Lab, Member
from groupwire.values import Datagram, Origin, Transmit

EVERYWHERE = (ip_network("0.0.0.0/0"),)
_DISK_S = 0.001


class Script:
    """NORM's sender, and words of the tagged form beside it."""

    def __init__(
        self,
        rng: Random,
        manifest: Manifest,
        *,
        name: str = "src",
        node: int = 7,
        instance: int = 1,
        rate: float = 2e6,
    ) -> None:
        self.manifest = manifest
        self.node, self.instance = node, instance
        self.name = name
        self.phase = CallPhase.SEND
        self.answers_joins = True
        self.signs: list[bool] | None = []
        """Whether each receipt is answered with ``again``; None: not at all."""
        self.heard: list[tuple[Word, str | None, Origin]] = []
        config = SenderConfig(
            node, instance, Coding(200, 16, 8), initial_grtt_s=0.01, kept_objects=4096
        )
        self.norm = Sender(config, FixedRate(rate))
        self._rng = rng
        self._said: list[Transmit] = []

    # What a test lets it say.

    def call(self, phase: CallPhase, *, now: float = 0.0) -> None:  # noqa: ARG002
        self.phase = phase
        self.say(self._call())

    def _call(self) -> Call:
        manifest = self.manifest
        return Call(
            manifest.delivery,
            self.node,
            self.instance,
            self.phase,
            manifest.files,
            manifest.total_bytes,
            manifest.title,
        )

    def say(
        self, word: Word, *, kind: Kind = Kind.QUESTION, to: Origin | None = None
    ) -> None:
        number = self._rng.getrandbits(64)
        tagged = Tagged(kind, number, encode_word(word), name=self.name)
        self._said.append(Transmit(tagged.encode(), to))

    def bye(self, reason: str = "") -> None:
        self.say(Bye(self.manifest.delivery, reason), kind=Kind.MESSAGE)

    def send_manifest(self, now: float, data: bytes | None = None) -> int:
        data = encode_manifest(self.manifest) if data is None else data
        return self.norm.send_object(data, now=now, info=MANIFEST_INFO)

    def send_file(self, path: str, data: bytes, now: float) -> int:
        return self.send_named(path.encode(), data, now)

    def send_named(self, info: bytes | None, data: bytes, now: float) -> int:
        return self.norm.send_object(data, now=now, info=info, flags=ObjectFlag.FILE)

    def send_data(self, info: bytes, data: bytes, now: float) -> int:
        return self.norm.send_object(data, now=now, info=info)

    def seal(self, *seals: Seal, now: float, delivery: int | None = None) -> int:
        which = self.manifest.delivery if delivery is None else delivery
        return self.send_data(SEAL_INFO, encode_seals(which, seals), now)

    # What it heard.

    def states(self) -> list[State]:
        return [word for word, _, _ in self.heard if isinstance(word, State)]

    def receipts(self) -> list[Receipt]:
        return [word for word, _, _ in self.heard if isinstance(word, Receipt)]

    def joins(self) -> int:
        return sum(isinstance(word, Join) for word, _, _ in self.heard)

    # The verbs of a core.

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        for part in datagram.parts():
            if not is_tagged(part.data):
                self.norm.handle_datagram(part, now=now)
                continue
            told = Tagged.decode(part.data)
            if told.kind is not Kind.MESSAGE:
                self._hear(told, part.origin)

    def _hear(self, told: Tagged, origin: Origin) -> None:
        word = decode_word(told.data)
        if isinstance(word, Call):
            return
        self.heard.append((word, told.name, origin))
        answer: Word | None = None
        if isinstance(word, Join) and self.answers_joins:
            answer = self._call()
        elif isinstance(word, Receipt) and self.signs is not None:
            again = self.signs.pop(0) if self.signs else False
            answer = Signed(word.delivery, again)
        if answer is not None:
            tagged = Tagged(
                Kind.ANSWER, told.request_id, encode_word(answer), name=self.name
            )
            self._said.append(Transmit(tagged.encode(), origin))

    def handle_timeout(self, *, now: float) -> None:
        self.norm.handle_timeout(now=now)

    def poll_transmits(self) -> Sequence[Transmit]:
        said, self._said = self._said, []
        return [*said, *self.norm.poll_transmits()]

    def poll_events(self) -> Sequence[SenderEvent]:
        return self.norm.poll_events()

    def poll_timeout(self) -> float | None:
        return self.norm.poll_timeout()


class Ear:
    """A member with its disk, and what it told."""

    def __init__(self, lab: Lab, name: str = "m1", node: int = 100, **rules: Any):
        self.lab = lab
        self.disk = MemoryStorage(self._later)
        self.events: list[PullEvent] = []
        self._name, self._rules = name, rules
        self.pull = self._core(name, node, rules)
        self.disk_s = _DISK_S
        """How long the disk takes for everything."""
        self.member: Member[Pull] | None = None

    def _core(self, name: str, node: int, rules: dict[str, Any]) -> Pull:
        rules = {"answer_to": EVERYWHERE, **rules}
        rng = self.lab.rng(f"{name}/{node}")
        return Pull(PullRules(name, node, **rules), self.disk, rng=rng)

    def join(self, *, up: Faults | None = None, down: Faults | None = None) -> Ear:
        self.member = self.lab.add(
            self.pull.__class__.__name__ + str(self.lab.added),
            self.pull,
            up=up or Faults(),
            down=down or Faults(),
            on_event=self.events.append,
        )
        return self

    def restart(self, node: int) -> None:
        """Kill it and start it anew over the same disk."""
        assert self.member is not None
        self.member.crash()
        self.events.clear()
        self.pull = self._core(self._name, node, self._rules)
        self.member.restart(self.pull)

    def _later(self, answer: PullAnswer) -> None:
        pull = self.pull

        def tell() -> None:
            if self.member is not None and self.member.core is pull:
                self.member.do(lambda core, now: answer(core, now))

        self.lab.clock.at(self.lab.clock.now + self.disk_s, tell)

    @property
    def reports(self) -> list[PullReport]:
        return [e.report for e in self.events if isinstance(e, DeliveryEnded)]

    @property
    def report(self) -> PullReport:
        (report,) = self.reports
        return report

    def settled(self) -> dict[str, tuple[str, str]]:
        """Return what became of each path, and why."""
        files = [e.file for e in self.events if isinstance(e, FileSettled)]
        return {f.path: (f.status.value, f.reason) for f in files}

    def saw(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Play:
    """One scripted sender and one member, unless a test adds more."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        seed: int = 1,
        down: Faults | None = None,
        up: Faults | None = None,
        coalesce: bool = False,
        **rules: Any,
    ) -> None:
        self.lab = Lab(seed, coalesce=coalesce)
        self.script = Script(self.lab.rng("script"), manifest)
        self.sender = self.lab.add("src", self.script)
        self.ear = Ear(self.lab, **rules).join(down=down, up=up)

    def run(self, seconds: float) -> None:
        self.lab.run(until=self.lab.clock.now + seconds)

    def call(self, phase: CallPhase = CallPhase.SEND, seconds: float = 0.05) -> None:
        self.sender.do(lambda core, now: core.call(phase, now=now))
        self.run(seconds)

    def manifest(self, data: bytes | None = None) -> int:
        return self.sender.do(lambda core, now: core.send_manifest(now, data))

    def file(self, path: str, data: bytes) -> int:
        return self.sender.do(lambda core, now: core.send_file(path, data, now))

    def named(self, info: bytes | None, data: bytes) -> int:
        return self.sender.do(lambda core, now: core.send_named(info, data, now))

    def data(self, info: bytes, data: bytes) -> int:
        return self.sender.do(lambda core, now: core.send_data(info, data, now))

    def seal(self, *seals: Seal, delivery: int | None = None) -> int:
        return self.sender.do(
            lambda core, now: core.seal(*seals, now=now, delivery=delivery)
        )

    def bye(self, reason: str = "") -> None:
        self.sender.do(lambda core, now: core.bye(reason))  # noqa: ARG005

    def finish(self) -> None:
        self.sender.do(lambda core, now: core.norm.finish(now=now))
