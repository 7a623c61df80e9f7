"""Who is here: what a member says of itself, and what it hears of others (docs §2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from groupwire.errors import DecodeError
from groupwire.gather import Kind, Tagged
from groupwire.gather.awake import AwakeClock
from groupwire.messages.delivery import DELIVERIES
from groupwire.messages.events import MemberJoined, MemberLeft, PublisherRestarted
from groupwire.messages.members import Member, Role
from groupwire.messages.roster import Roster
from groupwire.messages.wire.speech import decode_word, encode_word
from groupwire.messages.wire.words import Enough, Here, Join, Left, Lost, Who, Word
from groupwire.values import Datagram, Interface, Origin, Transmit

__all__ = ["Heard", "Myself", "Presence"]

_LATE_S = 0.1
"""So much too late nobody has a turn but who was stopped."""
_EACH_S = 0.1
"""Of the interval, for each member that is known."""
_SHORTEST_S, _LONGEST_S = 1.0, 30.0
_ASK_AGAIN_S = (0.1, 0.2, 0.4)
"""Between the questions of who comes: one of them, or an answer, may be lost."""
_ACQUAINTED_S = 0.1
"""After the last of these."""
_MOST_LATE_S, _LATENESSES = 0.5, 4
"""Whose questions are late is on a busy machine: others are late to answer, too."""
_ANSWER_S = 0.01
"""Of the time in which all answer, for each member that is known."""
_SHORTEST_ANSWER_S, _LONGEST_ANSWER_S = 0.02, 10.0
_APART_S = 0.1
"""Between two words of one member, at least, however many ask."""
_BEHIND_S = 0.05
"""What a subscriber has said to a publisher alone may be read behind its farewell,
which came to the group: so long it is not gone."""
_FAREWELLS_S = (0.02, 0.04)
"""Between the three of them."""


@dataclass(frozen=True, slots=True)
class Myself:
    """What a member says of itself; who only looks says nothing."""

    id: int
    name: str
    role: Role | None
    node: int = 0
    instance: int = 0
    pipe: bool = False
    """Whether it reads a pipe."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A word, and the member who said it: None where it is not here."""

    word: Here | Left | Join | Lost | Enough
    member: Member | None


class Presence:
    """Speaks now and then, and knows who else does.

    ``sent`` tells how many messages were sent, by delivery.
    """

    def __init__(
        self,
        myself: Myself,
        rng: Random,
        *,
        sent: Callable[[], tuple[int, ...]] = lambda: (0, 0, 0),
    ) -> None:
        self.roster = Roster()
        self.dropped: Counter[str] = Counter()
        self.closed = False
        """Whether the last farewell has been said."""
        self.suspended = False
        """Whether nothing is read, so that nobody is silent."""
        self._me = myself
        self._rng = rng
        self._sent = sent
        self._awake = AwakeClock()
        self._started_at = self._turned_at = 0.0
        self._unread_s = 0.0
        """For how long words have waited at most that are read now."""
        self._woke_at = float("-inf")
        self._spoke_at = float("-inf")
        self._speak_at: float | None = None
        self._late_s = 0.0
        """How late it spoke at most, while it asked."""
        self._farewells = list(_FAREWELLS_S)
        self._asks = list(_ASK_AGAIN_S)
        self.acquainted_at: float | None = None
        """When who was here before has had time to say so; None until all was asked."""
        self._acquainted = True
        self._interfaces: tuple[Interface, ...] | None = None
        """Of this machine; None until something has changed there."""
        self._leaving = False
        self._goers: dict[tuple[int, Origin], float] = {}
        """Subscribers that have said that they go, and when they are gone."""
        self._transmits: list[Transmit] = []

    # What the owner wants.

    def start(self, now: float) -> None:
        """Say that this member is here, and ask who else is."""
        self._started_at = self._turned_at = now
        self._awake.at(now)
        if self._me.role is None:
            self.say(Who())
            return
        self._acquainted = False
        self._speak(now, asks=True)

    def is_acquainted(self, now: float) -> bool:
        """Return whether who was here before has had time to say so, if asked."""
        at = self.acquainted_at
        if at is not None and at <= now:
            self._acquainted = True
        return self._acquainted

    def acquainted_in(self, now: float) -> float:
        """Return how soon that will be so, as far as is known; 0: it is."""
        if self.is_acquainted(now):
            return 0.0
        at = self.acquainted_at
        return _ANSWER_S if at is None else at - now

    @property
    def unacquainted_until(self) -> float | None:
        """When that will be so; None if it is, or if not all was asked yet."""
        return None if self._acquainted else self.acquainted_at

    def age_s(self, now: float) -> float:
        """Return how long this member has been here."""
        return now - self._started_at

    def unread_s(self, now: float) -> float:
        """Return how old a word may be that is heard now: this member was stopped."""
        return self._unread_s if now - self._woke_at < _LATE_S else 0.0

    def say(self, word: Word, to: Origin | None = None) -> None:
        """Send a word, to the group where nobody is named."""
        tagged = Tagged(
            Kind.MESSAGE,
            self._rng.getrandbits(64),
            encode_word(word),
            name=self._me.name,
        )
        self._transmits.append(Transmit(tagged.encode(), to))

    def here(self, now: float, *, asks: bool = False) -> Here:
        """Return what this member says of itself."""
        me = self._me
        return Here(
            me.id,
            me.role or Role.SUBSCRIBER,
            me.node,
            round(1000 * self.age_s(now)),
            max(1, round(1000 * self._interval_s)),
            me.instance,
            self._sent(),
            asks,
            me.pipe,
        )

    def hurry(self, now: float) -> None:
        """Answer somebody who wants to know, soon, and all who ask until then."""
        if self._me.role is None or self._speak_at is None:
            return
        within = _ANSWER_S * len(self.roster)
        within = min(max(_SHORTEST_ANSWER_S, within), _LONGEST_ANSWER_S)
        at = max(now + self._rng.random() * within, self._spoke_at + _APART_S)
        self._speak_at = min(self._speak_at, at)

    def moved(self, interfaces: Iterable[Interface]) -> None:
        """Say soon that this member is here, if it may have another address now."""
        before, self._interfaces = self._interfaces, tuple(interfaces)
        same = self._interfaces == before
        if not same and self._speak_at is not None and not self._leaving:
            self._speak_at = min(self._speak_at, self._spoke_at + _APART_S)

    def leave(self, now: float) -> None:
        """Say that this member is gone, three times."""
        if self._leaving:
            return
        self._leaving = True
        if self._me.role is None:
            self.closed, self._speak_at = True, None
            return
        self._farewell(now)

    def resume(self, now: float) -> None:
        """Count the silence of all from now on: what they say is heard again."""
        self.suspended = False
        self.roster.forgive(self._awake.at(now))

    def alive(self, member: Member, now: float) -> None:
        """Note a sign of life of a member, other than a word."""
        self.roster.alive(member, self._awake.at(now))

    # What is heard, and what time brings.

    def hear(self, datagram: Datagram, *, now: float) -> Heard | None:
        """Take a tagged datagram in; return what it says that concerns the owner."""
        self._wake(now)
        try:
            tagged = Tagged.decode(datagram.data)
            if tagged.kind is not Kind.MESSAGE or tagged.ping:
                self.dropped["other-tagged"] += 1
                return None
            word = decode_word(tagged.data)
        except DecodeError as error:
            self.dropped[error.reason] += 1
            return None
        if isinstance(word, Who):
            self.hurry(now)
            return None
        name = tagged.name
        if name is None:
            self.dropped["no-name"] += 1
            return None
        return self._take(word, name, datagram.origin, now)

    def _take(
        self,
        word: Here | Left | Join | Lost | Enough,
        name: str,
        origin: Origin,
        now: float,
    ) -> Heard | None:
        here = word.here if isinstance(word, Join) else word
        if here.id == self._me.id:
            return None
        awake = self._awake.at(now)
        if isinstance(here, Here):
            if here.asks or (isinstance(word, Join) and self._is_me(word.to)):
                self.hurry(now)
            member = self.roster.hear(here, name, origin, awake)
            if member is None:
                self.dropped["members-full"] += 1
        elif isinstance(here, Left):
            member = self._hear_left(here.id, origin, now)
        else:
            member = self.roster.find(here.id, origin)
        return Heard(word, member)

    def expire(self, now: float) -> None:
        """Do what is due."""
        self._wake(now)
        awake = self._awake.at(now)
        self._let_go(now)
        if self.suspended:
            self.roster.forgive(awake)
        else:
            self.roster.expire(awake)
        if self._speak_at is not None and self._speak_at <= now:
            if self._leaving:
                self._farewell(now)
            else:
                self._speak(now)

    @property
    def deadline(self) -> float | None:
        """When something is due."""
        if self._leaving:
            return self._speak_at
        at = self.roster.deadline
        silent = None if at is None else self._awake.when(at)
        gone = next(iter(self._goers.values()), None)
        due = [d for d in (silent, self._speak_at, gone) if d is not None]
        return min(due, default=None)

    def poll_transmits(self) -> list[Transmit]:
        """Return what is to be sent; each only once."""
        transmits, self._transmits = self._transmits, []
        return transmits

    def poll_events(
        self,
    ) -> Sequence[MemberJoined | MemberLeft | PublisherRestarted]:
        """Return who has come and gone; each only once."""
        return self.roster.poll_events()

    # How it is done.

    def _hear_left(self, life: int, origin: Origin, now: float) -> Member | None:
        member = self.roster.find(life, origin)
        publishes = self._me.role is Role.PUBLISHER
        if not publishes or member is None or member.role is not Role.SUBSCRIBER:
            return self.roster.left(life, origin)
        self._goers.setdefault((life, origin), now + _BEHIND_S)
        return member

    def _let_go(self, now: float) -> None:
        while self._goers:
            key, at = next(iter(self._goers.items()))
            if at > now:
                return
            del self._goers[key]
            self.roster.left(*key)

    def _wake(self, now: float) -> None:
        """See whether this turn comes too late."""
        due = self.deadline
        if due is not None and now - max(due, self._turned_at) > _LATE_S:
            self._unread_s, self._woke_at = now - self._turned_at, now
        self._turned_at = now

    def _is_me(self, node: int) -> bool:
        return 0 <= node - self._me.node < len(DELIVERIES)

    @property
    def _interval_s(self) -> float:
        return min(max(_SHORTEST_S, _EACH_S * (len(self.roster) + 1)), _LONGEST_S)

    def _speak(self, now: float, *, asks: bool = False) -> None:
        again = self._asks.pop(0) if self._asks else None
        if self._speak_at is not None:
            self._late_s = max(self._late_s, now - self._speak_at)
        self.say(self.here(now, asks=asks or again is not None))
        wait = self._interval_s * self._rng.uniform(0.5, 1.0)
        self._spoke_at = now
        self._speak_at = now + (wait if again is None else again)
        if again is not None and not self._asks:
            late_s = min(self._late_s, _MOST_LATE_S)
            self.acquainted_at = now + _ACQUAINTED_S + _LATENESSES * late_s

    def _farewell(self, now: float) -> None:
        self.say(Left(self._me.id, self._me.node, self._sent()))
        if not self._farewells:
            self.closed, self._speak_at = True, None
            return
        self._speak_at = now + self._farewells.pop(0)
