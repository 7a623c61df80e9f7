"""A publisher of a world: its program, which sends as it is told, and its fate."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from groupwire.messages.delivery import DELIVERIES, Delivery
from groupwire.messages.errors import QueueFull
from groupwire.messages.events import (
    Closed,
    Lagging,
    MemberJoined,
    MemberLeft,
    MessagesDropped,
    PublishEvent,
    ReceiptEnded,
    RoomFreed,
)
from groupwire.messages.publish.publisher import Publisher
from groupwire.messages.rules import PublishRules
from groupwire.norm import AdaptiveConfig
from groupwire.testing.lab import Lab, Member
from groupwire.testing.swarm.messages.truth import Life, Sent, Truth
from groupwire.testing.swarm.messages.world import Saying, Speaker

__all__ = ["Speaking"]

_QUICK = AdaptiveConfig(start_bytes_per_s=10e6, floor_bytes_per_s=1e6)
_PATIENCE_S = 5.0
_STILL_S = 0.05
"""How often who stands still looks whether it goes on."""
_Check = Callable[[Life, str, tuple[int, ...]], str]


class Speaking:
    """Plays a :class:`Speaker`. ``holds`` tells what is wrong with who has a ticket."""

    def __init__(self, lab: Lab, plan: Speaker, truth: Truth, holds: _Check) -> None:
        self.plan = plan
        self.wrongs: list[str] = []
        self.refused = 0
        """Messages for which a full queue had no room at first."""
        self._lab = lab
        self._truth = truth
        self._holds = holds
        self._rng = lab.rng(f"{plan.name}/{lab.added}")
        self._tickets: dict[int, tuple[int, ...]] = {}
        """Those that are open, and what each is for, by delivery."""
        self._waiting: dict[Delivery, deque[tuple[str, bytes]]] = {}
        self._closing = False
        self.life = self._begin()
        self._member: Member[Publisher] = lab.add(
            f"{plan.name}/{lab.added}",
            self._core(),
            up=plan.links,
            down=plan.links,
            on_event=self._handle,
        )
        self._start()

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        if self.life.crashed:
            crash = self.plan.fate.crash
            return crash is None or crash.for_s == 0
        return self.life.closed_s is not None

    @property
    def member(self) -> Member[Publisher]:
        """Its seat in the lab."""
        return self._member

    # Its lives.

    def _begin(self) -> Life:
        rng = self._rng
        life = Life(
            rng.getrandbits(64),
            rng.randrange(1, 1 << 31),
            rng.randrange(1 << 16),
            self._lab.clock.now,
        )
        return self._truth.begin(life)

    def _core(self) -> Publisher:
        plan, life = self.plan, self.life
        rules = PublishRules(
            life.id,
            life.node,
            life.instance,
            plan.name,
            queue_bytes=plan.queue_bytes,
            drop_oldest=plan.drop_oldest,
            window_bytes=plan.window_bytes,
            delay_s=plan.delay_s,
            patience_s=_PATIENCE_S,
            segment_bytes=plan.segment_bytes,
            rate=_QUICK if plan.quick else AdaptiveConfig(),
        )
        return Publisher(rules, self._rng)

    def _start(self) -> None:
        plan, at, now = self.plan, self._lab.clock.at, self._lab.clock.now
        life = self.life
        self._member.do(lambda core, now: core.start(now=now))
        for number, saying in enumerate(plan.says):
            at(now + saying.at_s, self._say, life, number, saying)
        for after in plan.tickets:
            at(now + after, self._ask, life)
        at(now + plan.closes_s, self._close, life)

    def crash(self) -> None:
        """End without a word."""
        if self.life.closed_s is None and not self.life.crashed:
            self.life.crashed = True
            self._member.crash()

    def come_back(self) -> None:
        """Begin another life, with nothing remembered."""
        if not self.life.crashed:
            return
        self._tickets.clear()
        self._waiting.clear()
        self._closing = False
        self.life = self._begin()
        self._member.restart(self._core())
        self._start()

    # What its program does.

    def _say(self, life: Life, number: int, saying: Saying) -> None:
        if self._waits(life, self._say, number, saying) or life.closing_s is not None:
            return
        dice = self._lab.rng(f"payload/{life.id}/{number}")
        waiting = self._waiting.setdefault(saying.delivery, deque())
        waiting += [(saying.topic, dice.randbytes(size)) for size in saying.sizes]
        self._go_on(life)

    def _go_on(self, life: Life) -> None:
        """Send what there is room for, and leave when all is sent."""
        if self._waits(life, self._go_on):
            return
        self._member.do(self._send_all)
        if self._closing and not any(self._waiting.values()):
            self._closing = False
            life.closing_s = self._lab.clock.now
            self._member.do(lambda core, now: core.close(now=now))

    def _send_all(self, core: Publisher, now: float) -> None:
        for delivery, waiting in self._waiting.items():
            while waiting and self._send(core, delivery, *waiting[0], now):
                waiting.popleft()
        core.leave_first(now=now)  # as a program's publisher does
        core.flush(now=now)
        self._check_queue(core)

    def _send(
        self, core: Publisher, delivery: Delivery, topic: str, data: bytes, now: float
    ) -> bool:
        sent = self.life.sent[delivery]
        try:
            number = core.send(topic, data, now=now, delivery=delivery)
        except QueueFull:
            self.refused += 1
            return False
        if number != len(sent):
            self._wrong(f"{delivery} {len(sent)} is counted as {number}")
        sent.append(Sent(topic, data, now))
        if self.life.first_s is None:
            self.life.first_s = now
        return True

    def _check_queue(self, core: Publisher) -> None:
        largest = max((max(s.sizes) for s in self.plan.says if s.sizes), default=0)
        most = len(DELIVERIES) * (self.plan.queue_bytes + largest + 1100)
        queued = core.stats.queued_bytes
        if queued > most:
            self._wrong(f"holds {queued} bytes, {most} at most")

    def _ask(self, life: Life) -> None:
        if self._waits(life, self._ask) or life.closing_s is not None:
            return
        # What is sent is noted before the answer can come.
        wants = tuple(life.counts)
        number = self._member.core.want_received(now=self._lab.clock.now)
        self._tickets[number] = wants
        self._member.drain()

    def _close(self, life: Life) -> None:
        if not self._waits(life, self._close):
            self._closing = True
            self._go_on(life)

    def _waits(self, life: Life, then: Callable[..., None], *of: object) -> bool:
        """Return whether nothing can be done: its life is over, or it stands still."""
        if life is not self.life or life.crashed:
            return True
        if self._member.paused:
            self._lab.clock.at(self._lab.clock.now + _STILL_S, then, life, *of)
        return self._member.paused

    # What its program hears.

    def _handle(self, event: PublishEvent) -> None:
        life, now = self.life, self._lab.clock.now
        match event:
            case MemberJoined(member):
                life.met.setdefault(member.id, now)
            case MemberLeft(member):
                life.parted.add(member.id)
            case Lagging(member=member):
                life.lagged.add(member.id)
            case MessagesDropped(delivery, messages):
                life.dropped[delivery] += messages
            case RoomFreed():
                self._lab.clock.at(now, self._go_on, life)
            case ReceiptEnded():
                self._take_receipt(event)
            case Closed(missing):
                life.closed_s, life.missing = now, missing
                self._lab.clock.at(now, self._gone, life)
                if self._tickets:
                    self._wrong(f"closes with tickets {list(self._tickets)} open")
            case _:
                pass

    def _gone(self, life: Life) -> None:
        """End the program: nothing is heard any more."""
        if life is self.life:
            self._member.crash()

    def _take_receipt(self, ended: ReceiptEnded) -> None:
        wants = self._tickets.pop(ended.ticket, None)
        if wants is None:
            self._wrong(f"ticket {ended.ticket} ends, and is not open")
            return
        for name in ended.received:
            if wrong := self._holds(self.life, name, wants):
                self._wrong(f"ticket {ended.ticket}: {wrong}")

    def _wrong(self, what: str) -> None:
        self.wrongs.append(f"{self.plan.name}: {what}")

    def unsettled(self) -> Iterator[str]:
        """Iterate over what it still waits for."""
        if not self.over:
            yield f"{self.plan.name} closing={self.life.closing_s}"
        for number in self._tickets:
            yield f"{self.plan.name} ticket {number}"
