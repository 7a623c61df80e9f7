"""A subscriber of a world: its lives, its program, its fate."""

from __future__ import annotations

from collections.abc import Iterator

from groupwire.messages.delivery import Delivery
from groupwire.messages.rules import StartAt, SubscribeRules
from groupwire.messages.subscribe.subscriber import Subscriber
from groupwire.testing.lab import Lab, Member
from groupwire.testing.swarm.messages.account import BEFORE_S, Account
from groupwire.testing.swarm.messages.ear import Ear
from groupwire.testing.swarm.messages.truth import Life, Truth
from groupwire.testing.swarm.messages.world import Hearer

__all__ = ["Hearing"]

_SURE_VALUE_S = 0.5
"""A value so much older than a subscriber was the last one when it came."""


class Hearing:
    """Plays a :class:`Hearer`; ``accounts`` are those of its lives, the last is on."""

    def __init__(self, lab: Lab, plan: Hearer, truth: Truth) -> None:
        self.plan = plan
        self.accounts: list[Account] = []
        self.began_s = 0.0
        """When its last life began."""
        self.id = 0
        """Of its last life."""
        self.leaving = False
        self._lab = lab
        self._truth = truth
        self._rng = lab.rng(plan.name)
        self._taking = False
        self._member: Member[Ear] = lab.add(
            plan.name,
            self._core(),
            up=plan.links,
            down=plan.links,
            on_event=lambda event: self.account.handle(event),
        )
        self._start()

    @property
    def account(self) -> Account:
        """What its last life was handed."""
        return self.accounts[-1]

    @property
    def member(self) -> Member[Ear]:
        """Its seat in the lab."""
        return self._member

    @property
    def there(self) -> bool:
        """Whether it hears."""
        return self._member.alive and not self.leaving

    @property
    def core(self) -> Subscriber:
        """Its last life."""
        return self._member.core.core

    def _core(self) -> Ear:
        plan, rng = self.plan, self._rng
        self.id, self.began_s = rng.getrandbits(64), self._lab.clock.now
        rules = SubscribeRules(
            self.id,
            rng.randrange(1, 1 << 31),
            plan.name,
            plan.patterns,
            plan.start_at,
            plan.queue_bytes,
        )
        who = f"{plan.name}.{len(self.accounts)}"
        clock = self._lab.clock
        account = Account(who, self._truth, plan.patterns, lambda: clock.now)
        self.accounts.append(account)
        return Ear(Subscriber(rules, rng), slow=bool(plan.takes_bytes_per_s))

    def _start(self) -> None:
        self._member.do(lambda ear, now: ear.core.start(now=now))
        if self.plan.takes_bytes_per_s:
            self._take(len(self.accounts))

    def crash(self) -> None:
        """End without a word."""
        if self._member.alive:
            self._member.crash()

    def come_back(self) -> None:
        """Begin another life, with nothing remembered."""
        if not self._member.alive and not self.leaving:
            self._member.restart(self._core())
            self._start()

    def leave(self) -> None:
        """Say that it goes."""
        if self.there:
            self.leaving = True
            self._member.do(lambda ear, now: ear.core.close(now=now))

    def _take(self, life: int) -> None:
        """Take the oldest batch, and the next one when there was time for it."""
        if life != len(self.accounts) or not self._member.alive:
            return
        ear = self._member.core
        size = ear.untaken[0] if ear.untaken else 0
        wait_s = max(size / self.plan.takes_bytes_per_s, 0.002 if size else 0.02)
        if size and not self._member.paused:
            self._member.do(lambda ear, now: ear.take(now))
        self._lab.clock.at(self._lab.clock.now + wait_s, self._take, life)

    # What has to be true of it.

    def before(self, life: Life) -> bool:
        """Return whether its last life was there before a publisher's."""
        return self.began_s < life.began_s - BEFORE_S

    def known(self, life: Life) -> bool:
        """Return whether a publisher has known it since it was met, and waited."""
        strange = self.id in life.parted or self.id in life.lagged
        known_s = life.met.get(self.id)
        if known_s is None or strange:
            return False
        return life.closing_s is None or known_s < life.closing_s

    def values_lacking(self, life: Life) -> Iterator[str]:
        """Iterate over topics whose last values it wants and has not."""
        if self.plan.start_at is not StartAt.LAST_VALUE or self.before(life):
            return
        for topic, (at, delivery, number) in life.values().items():
            key = life.id, topic
            newest = self.account.newest.get(key, -1)
            late = at > self.began_s - _SURE_VALUE_S or not self.account.wants(topic)
            if not late and key not in self.account.values and newest < number:
                yield f"{delivery} {number} of {topic}"

    def lacks(self, life: Life, wants: tuple[int, ...]) -> str:
        """Return what it lacks of what it has acknowledged."""
        if not self.before(life) or not self.known(life):
            return ""
        track = self.account.track(life, Delivery.RELIABLE)
        if wrong := self._lacks_of(life, wants[0], track.lost):
            return wrong
        for topic, number in life.newest(wants[2]).items():
            had = self.account.newest.get((life.id, topic), -1)
            if had < number and self.account.wants(topic):
                return f"{self.plan.name} lacks latest {number} of {topic}, has {had}"
        return ""

    def _lacks_of(self, life: Life, count: int, lost: int) -> str:
        """Return what it lacks of so many messages that are reliable."""
        sent = life.sent[Delivery.RELIABLE][:count]
        last = max(
            (n for n, m in enumerate(sent) if self.account.wants(m.topic)), default=-1
        )
        after = self.account.track(life, Delivery.RELIABLE).after or 0
        if after > last or lost:
            return ""
        return f"{self.plan.name} lacks reliable {after}..{last}"
