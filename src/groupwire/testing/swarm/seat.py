"""A receiver of a trial: its links, its application, its fates."""

from __future__ import annotations

from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.events import (
    InfoReceived,
    ObjectLost,
    ObjectReceived,
    ReceiverEvent,
    SenderKey,
    StreamReceived,
)
from groupwire.norm.receive.receiver import Receiver
from groupwire.testing.lab import Lab
from groupwire.testing.swarm.application import Application, Truth
from groupwire.testing.swarm.scenario import Cut, Life

__all__ = ["Seat"]

_PAUSE_S = 1.0


class Seat:
    """Plays what a :class:`Life` says, from the moment when it begins."""

    def __init__(self, lab: Lab, life: Life, truth: Truth) -> None:
        self.life = life
        self.name = f"r{life.node}"
        self.application = Application(
            self.name,
            truth,
            store=self._store,
            again=self._again,
            within=life.join is Join.NOW,
        )
        self.joined: dict[int, int] = {}
        """The first object that was heard of, by the sender's instance."""
        self._truth = truth
        self._lab = lab
        self._lives = 0
        self._member = lab.add(
            self.name,
            self._core(),
            up=life.up,
            down=life.down,
            on_event=self._handle,
        )
        self._plan()

    @property
    def there(self) -> bool:
        """Whether it is running."""
        return self._member.alive

    @property
    def lacks(self) -> bool:
        """Whether it still asks for something."""
        core = self._member.core
        return any(map(core.lacks, core.senders))

    @property
    def slipped(self) -> int:
        """Datagrams that were mutilated unnoticed on the way to it."""
        return self._member.down.slipped

    @property
    def slipped_feedback(self) -> int:
        """Datagrams that were mutilated unnoticed on the way from it."""
        return self._member.up.slipped

    @property
    def said(self) -> int:
        """Datagrams that it has sent."""
        return self._lab.sent[self.name]

    def _core(self) -> Receiver:
        life = self.life
        self._lives += 1
        config = ReceiverConfig(
            life.node,
            life.join,
            unicast=life.unicast,
            silent=life.silent,
            accepts_at_once=False,
        )
        return Receiver(config, self._lab.rng(f"{self.name}/{self._lives}"))

    def _plan(self) -> None:
        life, at = self.life, self._lab.clock.at
        if life.crash_s is not None:
            at(life.crash_s, self._member.crash)
        if life.back_s is not None:
            at(life.back_s, self._return)
        if life.pause_s is not None:
            at(life.pause_s, self._pause)
        if life.cut is not None:
            at(life.cut.at_s, self._cut, life.cut)

    def _return(self) -> None:
        self.application.begin()
        self.joined.clear()
        self._member.restart(self._core())

    def _pause(self) -> None:
        if self.there:
            self._member.pause()
            self._lab.clock.at(self._lab.clock.now + _PAUSE_S, self._resume)

    def _resume(self) -> None:
        if self.there:
            self._member.resume()

    def _cut(self, cut: Cut) -> None:
        self._member.cut(up=cut.up, down=cut.down)
        self._lab.clock.at(self._lab.clock.now + cut.for_s, self._mend)

    def _mend(self) -> None:
        self._member.cut(up=False, down=False)

    def _handle(self, event: ReceiverEvent) -> None:
        match event:
            case InfoReceived() | ObjectReceived() | ObjectLost() | StreamReceived():
                self._hear_of(event.sender.instance, event.object)
            case _:
                pass
        self.application.handle(event)

    def _hear_of(self, instance: int, number: int) -> None:
        place = self._truth.place(number)
        if place < self._truth.count:
            self.joined[instance] = min(place, self.joined.get(instance, place))

    def _store(self, sender: SenderKey, number: int) -> None:
        due = self._lab.clock.now + self.life.accept_after_s
        self._lab.clock.at(due, self._stored, self._lives, sender, number)

    def _stored(self, lives: int, sender: SenderKey, number: int) -> None:
        if not self.there or lives != self._lives:
            return
        self.application.accept(sender, number)
        if sender in self._member.core.senders:
            self._member.do(lambda core, now: core.accept(sender, number, now=now))

    def _again(self, sender: SenderKey, number: int) -> None:
        self._member.core.again(sender, number, now=self._lab.clock.now)
