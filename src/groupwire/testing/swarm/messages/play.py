"""One world, played in a lab to its end, and what has to be true of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groupwire.messages.delivery import Delivery
from groupwire.messages.members import LeaveReason
from groupwire.testing.lab import Lab, Member, StuckError
from groupwire.testing.swarm.messages.hearing import Hearing
from groupwire.testing.swarm.messages.speaking import Speaking
from groupwire.testing.swarm.messages.truth import Life, Truth
from groupwire.testing.swarm.messages.world import Fate, Hearer, Span, Speaker, World

__all__ = ["Outcome", "Play"]

_LONGEST_S = 120.0
"""Of virtual time: whoever has not ended by then hangs."""
_MOST_LINES = 300_000
"""Of the log: whoever is that busy will not end either."""
_LOOK_S = 0.1
_SAID_S, _FORGOTTEN_S = 1.0, 75.0
"""After the last farewell: until it is heard, and until who said none is forgotten."""
_SURE_S = 5.0
"""So long a publisher has to be there that all have surely met it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a world. Without ``wrongs`` all that was promised was kept."""

    seed: int
    wrongs: tuple[str, ...]
    seconds: float
    """Virtual ones."""
    delivered: int
    lost: int
    """Messages that subscribers were told to be lost."""
    foreign: int
    """Messages of publishers that could not say who they are."""
    datagrams: int
    digest: str
    """Of the log: the same for the same seed."""


class Play:
    """Plays a world and looks whether what is promised was kept."""

    def __init__(self, world: World, *, keep_log: bool = False) -> None:
        self.world = world
        self.lab = Lab(f"messages/{world.seed}", coalesce=True, keep_log=keep_log)
        self._truth = Truth()
        self._wrongs: list[str] = []
        self._speaking: list[Speaking] = []
        self._hearing: list[Hearing] = []

    def run(self) -> Outcome:
        """Play it."""
        at, world = self.lab.clock.at, self.world
        for hearer in world.hearers:
            at(hearer.fate.begins_s, self._hear, hearer)
        for speaker in world.speakers:
            at(speaker.fate.begins_s, self._speak, speaker)
        try:
            if self._play():
                self._part()
                self._judge()
        except StuckError as error:
            self._wrongs.append(f"stuck: {error}")
        except Exception as error:  # whatever a core raises, its seed is to be told
            self._wrongs.append(f"raises {type(error).__name__}: {error}")
        return self._outcome()

    # What becomes of all.

    def _hear(self, hearer: Hearer) -> None:
        hearing = Hearing(self.lab, hearer, self._truth)
        self._hearing.append(hearing)
        self._plan(hearing, hearer.fate)
        if hearer.closes_s is not None:
            self.lab.clock.at(hearer.closes_s, hearing.leave)

    def _speak(self, speaker: Speaker) -> None:
        speaking = Speaking(self.lab, speaker, self._truth, self._holds)
        self._speaking.append(speaking)
        self._plan(speaking, speaker.fate)

    def _plan(self, seat: Hearing | Speaking, fate: Fate) -> None:
        at = self.lab.clock.at
        if fate.pause is not None:
            at(fate.pause.at_s, self._pause, seat.member, fate.pause)
        if fate.cut is not None:
            at(fate.cut.at_s, self._cut, seat.member, fate)
        if fate.crash is not None:
            at(fate.crash.at_s, seat.crash)
            if fate.crash.for_s:
                at(fate.crash.at_s + fate.crash.for_s, seat.come_back)

    def _pause(self, member: Member[Any], span: Span) -> None:
        if member.alive:
            member.pause()
            self.lab.clock.at(self.lab.clock.now + span.for_s, _resume, member)

    def _cut(self, member: Member[Any], fate: Fate) -> None:
        assert fate.cut is not None, "it is planned"
        member.cut(up=fate.cut_up, down=fate.cut_down)
        self.lab.clock.at(self.lab.clock.now + fate.cut.for_s, _mend, member)

    def _holds(self, life: Life, name: str, wants: tuple[int, ...]) -> str:
        """Return what somebody lacks who is said to have all."""
        plain, _, _ = name.partition(" (")  # of two lives at once, with the address
        for hearing in self._hearing:
            if hearing.plan.name == plain:
                return hearing.lacks(life, wants)
        return f"there is no {name}"

    # Its end.

    def _play(self) -> bool:
        """Let time pass until all publishers have gone; False if that never ends."""
        clock = self.lab.clock
        while not self._over():
            if clock.now >= _LONGEST_S or self.lab.log.count >= _MOST_LINES:
                told = [what for each in self._speaking for what in each.unsettled()]
                self._wrongs.append(f"hangs: {', '.join(told)}")
                return False
            self.lab.run(clock.now + _LOOK_S)
        return True

    def _over(self) -> bool:
        world = self.world
        if len(self._speaking) < len(world.speakers):
            return False
        if len(self._hearing) < len(world.hearers):
            return False
        return all(speaking.over for speaking in self._speaking)

    def _part(self) -> None:
        """Wait until subscribers know that nothing more comes."""
        clock = self.lab.clock
        quiet = max([clock.now, *(_heals(h.fate) for h in self.world.hearers)])
        self.lab.run(quiet + _SAID_S)
        if not all(self._knows_all(h) for h in self._hearing if h.there):
            self.lab.run(clock.now + _FORGOTTEN_S)

    def _knows_all(self, hearing: Hearing) -> bool:
        gone = hearing.account.left
        known = hearing.account.met.keys() & self._truth.lives.keys()
        said = all(gone.get(life) is LeaveReason.SAID for life in known)
        # A word that was overtaken by the farewell brings one back, until it is silent.
        back = any(m.id in self._truth.lives for m in hearing.core.members)
        return said and not back and not hearing.member.core.untaken

    # What has to be true.

    def _judge(self) -> None:
        for speaking in self._speaking:
            self._wrongs += speaking.wrongs
        for hearing in self._hearing:
            for account in hearing.accounts:
                self._wrongs += account.wrongs
            if hearing.member.core.overfull:
                self._wrongs.append(f"{hearing.plan.name}: reads though it is full")
            if hearing.there:
                self._judge_end(hearing)
                for life in self._truth.lives.values():
                    self._judge_life(hearing, life)

    def _judge_end(self, hearing: Hearing) -> None:
        """See that nothing is left of publishers that have gone."""
        ear = hearing.member.core
        if ear.untaken or hearing.core.stats.queued_bytes:
            self._wrong(hearing, f"{hearing.core.stats.queued_bytes} bytes still wait")
        ghosts = [m.name for m in hearing.core.members if m.id in self._truth.lives]
        if ghosts:
            self._wrong(hearing, f"thinks that {ghosts} are here")

    def _judge_life(self, hearing: Hearing, life: Life) -> None:
        said = hearing.account.left.get(life.id) is LeaveReason.SAID
        if said:
            self._judge_tails(hearing, life)
        if said:
            self._judge_first(hearing, life)
        if life.closing_s is not None and hearing.began_s < life.closing_s - _SURE_S:
            self._judge_values(hearing, life)
        waited = life.closed_s is not None and hearing.plan.name not in life.missing
        if waited and hearing.known(life):
            self._judge_promised(hearing, life)
        elif self._sure(hearing, life):
            self._wrong(hearing, f"was not waited for by {life.id:x}")

    def _judge_tails(self, hearing: Hearing, life: Life) -> None:
        """See that what was lacking at the end was told."""
        for (delivery, track), count in zip(
            hearing.account.streams(life), life.counts, strict=False
        ):
            if wrong := track.close(count):
                self._wrong(hearing, f"at the end {delivery} {wrong}")

    def _judge_promised(self, hearing: Hearing, life: Life) -> None:
        """See that who was there before, and was waited for, has everything."""
        if not hearing.before(life):
            return
        track = hearing.account.track(life, Delivery.RELIABLE)
        dropped = life.dropped[Delivery.RELIABLE]
        if track.lost > dropped:
            lost = f"{track.lost} reliable ones lost, {dropped} dropped"
            self._wrong(hearing, f"of {life.id:x} {lost}")
        if not dropped and (wrong := hearing.lacks(life, tuple(life.counts))):
            self._wrong(hearing, f"of {life.id:x}: {wrong}")

    def _judge_first(self, hearing: Hearing, life: Life) -> None:
        """See that nothing is silently lacking before what was told first."""
        for delivery, track in hearing.account.streams(life):
            if track.untold:
                told = f"{track.untold} of {delivery} before the first are not told"
                self._wrong(hearing, f"of {life.id:x} {told}")

    def _judge_values(self, hearing: Hearing, life: Life) -> None:
        """See that who wants them has the last values of topics."""
        if not self._all_steady:
            return
        for what in hearing.values_lacking(life):
            self._wrong(hearing, f"of {life.id:x} the last value {what} has not come")

    def _sure(self, hearing: Hearing, life: Life) -> bool:
        """Return whether a publisher must have known and waited for a subscriber."""
        if life.closing_s is None or not hearing.before(life):
            return False
        slow = hearing.plan.takes_bytes_per_s
        return (
            self._all_steady and not slow and life.closing_s - life.began_s >= _SURE_S
        )

    @property
    def _all_steady(self) -> bool:
        fates = [hearer.fate for hearer in self.world.hearers]
        fates += [speaker.fate for speaker in self.world.speakers]
        return all(fate.steady for fate in fates)

    def _wrong(self, hearing: Hearing, what: str) -> None:
        self._wrongs.append(f"{hearing.plan.name}: {what}")

    def _outcome(self) -> Outcome:
        accounts = [a for hearing in self._hearing for a in hearing.accounts]
        tracks = [
            track
            for account in accounts
            for life in self._truth.lives.values()
            for _, track in account.streams(life)
        ]
        return Outcome(
            self.world.seed,
            tuple(self._wrongs),
            self.lab.clock.now,
            sum(account.messages for account in accounts),
            sum(track.lost for track in tracks),
            sum(account.foreign for account in accounts),
            sum(self.lab.sent.values()),
            self.lab.log.digest,
        )


def _resume(member: Member[Any]) -> None:
    if member.alive:
        member.resume()


def _mend(member: Member[Any]) -> None:
    member.cut(up=False, down=False)


def _heals(fate: Fate) -> float:
    """Return when a member is there again, whatever became of it."""
    spans = (fate.pause, fate.cut, fate.crash)
    return max((span.at_s + span.for_s for span in spans if span), default=0.0)
