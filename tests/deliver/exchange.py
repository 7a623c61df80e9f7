"""A push and its pulls in a lab, both real, with disks in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from tests.deliver.fakes import MemoryShelf, PushAnswer, manifest_of
from tests.deliver.pull.script import EVERYWHERE, Ear

from groupwire.deliver.entries import Manifest
from groupwire.deliver.push import Push, PushEnded, PushEvent, PushRules
from groupwire.deliver.report import MemberReceipt, PushReport, ReceiptStatus
from groupwire.gather import Expectation
from groupwire.norm import FixedRate
from groupwire.testing import Faults, Lab, Member

__all__ = ["Exchange", "content"]

_PERFECT = Faults()
_DISK_S = 0.001


def content(seed: int, size: int) -> bytes:
    """Return bytes that are not like each other."""
    data = bytearray()
    while len(data) < size:
        data += sha256(b"%d %d" % (seed, len(data))).digest()
    return bytes(data[:size])


class Exchange:
    """One sender; ``member`` adds who receives."""

    def __init__(
        self,
        seed: int,
        files: Mapping[str, bytes],
        *,
        expect: Any = None,
        changes: Mapping[int, Sequence[bytes]] | None = None,
        unknown: Sequence[str] = (),
        up: Faults = _PERFECT,
        down: Faults = _PERFECT,
        rate: float | None = 5e6,
        coalesce: bool = False,
        **rules: Any,
    ) -> None:
        print(f"seed {seed}")  # noqa: T201 - shown where a test fails
        self.lab = Lab(seed, coalesce=coalesce)
        self.files = dict(files)
        self.changes = changes
        self.unknown = unknown
        self.rate = rate
        self.ears: dict[str, Ear] = {}
        self.events: list[PushEvent] = []
        self._number = 0
        self._rules = {"answer_to": EVERYWHERE, "segment_bytes": 1000, **rules}
        self._rules["expect"] = Expectation.of(expect)
        self.push = self._core()
        self.sender: Member[Push] = self.lab.add(
            "src", self.push, up=up, down=down, on_event=self.events.append
        )

    def _core(self) -> Push:
        self._number += 1
        number = self._number
        rng = self.lab.rng(f"push{number}")
        manifest = self._manifest(rng.getrandbits(64))
        self.delivery = manifest.delivery
        rules = PushRules(
            manifest.delivery,
            number,
            number,
            "src",
            manifest.title,
            **self._rules,
        )
        self.shelf = MemoryShelf(
            [self.files.get(e.path, b"") for e in manifest.entries],
            self._later(number),
            changes=self.changes,
        )
        control = None if self.rate is None else FixedRate(self.rate)
        return Push(rules, manifest, self.shelf, rng=rng, control=control)

    def _manifest(self, delivery: int) -> Manifest:
        return manifest_of(self.files, delivery=delivery, unknown=self.unknown)

    def _later(self, number: int) -> Any:
        def later(answer: PushAnswer) -> None:
            def tell() -> None:
                if self._number == number and self.sender.alive:
                    self.sender.do(lambda core, now: answer(core, now))

            self.lab.clock.at(self.lab.clock.now + _DISK_S, tell)

        return later

    # What a test does.

    def member(
        self,
        name: str,
        *,
        up: Faults = _PERFECT,
        down: Faults = _PERFECT,
        node: int | None = None,
        **rules: Any,
    ) -> Ear:
        node = 100 + self.lab.added if node is None else node
        ear = Ear(self.lab, name, node, **rules)
        key = name
        while key in self.ears:
            key += "'"
        self.ears[key] = ear.join(up=up, down=down)
        return ear

    def members(self, count: int, *, down: Faults = _PERFECT) -> None:
        for number in range(count):
            self.member(f"m{number}", down=down)

    def start(self) -> None:
        self.sender.do(lambda core, now: core.start(now=now))

    def feed(self, data: bytes) -> None:
        """Give the sender what it reads from its input, as it takes it."""
        while data:
            piece = data[: self.push.feed_room]
            self.sender.do(lambda core, now, p=piece: core.feed(p, now=now))
            data = data[len(piece) :]
            self.run(0.02)
        self.sender.do(lambda core, now: core.end_feed(now=now))

    def second(self, files: Mapping[str, bytes]) -> Member[Push]:
        """Add another sender of the same name."""
        rng = self.lab.rng("second")
        manifest = manifest_of(files, delivery=99, digests=True)
        rules = PushRules(99, 99, 99, "src", answer_to=EVERYWHERE)
        sender: list[Member[Push]] = []

        def later(answer: PushAnswer) -> None:
            at = self.lab.clock.now + _DISK_S
            self.lab.clock.at(at, lambda: sender[0].do(lambda c, now: answer(c, now)))

        shelf = MemoryShelf(list(files.values()), later)
        push = Push(rules, manifest, shelf, rng=rng, control=FixedRate(5e6))
        sender.append(self.lab.add("other", push))
        return sender[0]

    def restart(self) -> None:
        """Kill the sender and start it anew, with another delivery."""
        self.sender.crash()
        self.push = self._core()
        self.sender.restart(self.push)
        self.start()

    def run(self, seconds: float) -> None:
        self.lab.run(until=self.lab.clock.now + seconds)

    def end(self, within_s: float = 120.0) -> PushReport:
        """Run until all have ended; nobody hangs."""
        until = self.lab.clock.now + within_s
        assert self.lab.run(until, done=self._over), "somebody hangs"
        return self.report

    def _over(self) -> bool:
        return self.push.finished and all(
            ear.pull.finished for ear in self.ears.values()
        )

    def play(self, within_s: float = 120.0) -> PushReport:
        self.start()
        return self.end(within_s)

    # What came of it.

    @property
    def report(self) -> PushReport:
        report = [e.report for e in self.events if isinstance(e, PushEnded)][-1]
        self.check(report)
        return report

    def receipt(self, member: str) -> MemberReceipt:
        (receipt,) = [r for r in self.report.receipts if r.member == member]
        return receipt

    def check(self, report: PushReport) -> None:
        """Nothing is called delivered that is not."""
        current = [self.latest(path) for path in self.files if not path.endswith("/")]
        for receipt in report.receipts:
            if receipt.status is not ReceiptStatus.VERIFIED:
                continue
            (disk,) = [
                ear.disk.disk
                for ear in self.ears.values()
                if ear.member is not None and ear.member.origin == receipt.address
            ]
            for path, versions in zip(
                [p for p in self.files if p[-1] != "/"], current, strict=True
            ):
                assert disk.get(path) in versions, (receipt.member, path)

    def latest(self, path: str) -> list[bytes]:
        number = list(self.files).index(path)
        return [self.files[path], *(self.changes or {}).get(number, ())]

    def has_all(self, name: str) -> bool:
        disk = self.ears[name].disk.disk
        return all(
            disk.get(path) == data
            for path, data in self.files.items()
            if not path.endswith("/")
        )
