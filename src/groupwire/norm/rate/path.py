"""What is known of the way to one member: round trip, queue, loss, what arrives."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["PACKET_BYTES", "Path"]

PACKET_BYTES = 1400
"""What a packet is taken for; only orders of magnitude depend on it."""
_WINDOW_S = 10.0
_SHORTEST_QUEUE_S = 0.001
"""A machine is often that late by itself."""
_BLOAT_S = 0.2
_RECENT = 6
_DRY = 3
_SMOOTH = 0.125
_MOST_MISSED = 16
_HARDLY_EVER = 0.01
_UNPROVED = 0.1
_MOST_RANDOM = 0.5
"""A path that loses more than half of what is sent is overloaded in any case."""


class Path:
    """Tells congestion from losses that have nothing to do with the rate.

    Where a queue stands, a single loss is congestion; where none stands, only losses
    that are clearly more than those at rates that the path has sustained.
    """

    __slots__ = (
        "_answers",
        "_dry",
        "_floor",
        "_jitter",
        "_last",
        "_learned",
        "_peak",
        "_random",
        "_recent",
        "_usual_s",
        "arriving",
        "choked",
        "doubtful",
        "heard",
        "node",
        "probe",
        "queue_s",
        "rtt_s",
        "slow_since",
    )

    def __init__(self, node: int) -> None:
        self.node = node
        self.probe = -1
        """The latest probe that it has answered."""
        self.rtt_s = 0.0
        self.queue_s = 0.0
        """How long packets stand in queues: the round trip above its minimum."""
        self.arriving = 0.0
        """Bytes per second, over the last rounds."""
        self.choked = False
        """Whether in the last round far less arrived than was sent, and nothing was
        lost: a queue that grows fast, or a machine that was busy for a moment."""
        self.heard = 0
        """The latest probe that had been sent when it answered."""
        self.slow_since: float | None = None
        """Since when it could not keep up with the least that is asked for."""
        self._last = 0.0
        self._jitter = 0.0
        self._floor = _Lowest()
        self._peak = _Lowest()
        self._random: float | None = None
        self._learned = self._dry = 0
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._usual_s = 0.0
        """Of ``queue_s``: clocks and queues of others are never quite still."""
        self.doubtful = False
        """Whether the last round lost more than chance explains."""
        self._answers = 0.75
        """The part of probes that it answers."""

    def answered(self, probe: int) -> None:
        """Take in that it has answered a probe, and how many before it not."""
        if self.probe >= 0:
            missed = min(probe - self.probe - 1, _MOST_MISSED)
            self._answers *= (1 - _SMOOTH) ** missed
        self._answers += (1 - self._answers) * _SMOOTH
        self.probe = probe

    @property
    def least_rtt_s(self) -> float:
        """The round trip without any queue, as far as that has been seen."""
        return min(self._floor.value, self.rtt_s)

    @property
    def patience(self) -> int:
        """How many probes in a row it hardly ever leaves without an answer."""
        missing = 1 - min(max(self._answers, 0.25), 0.95)
        return 3 + math.ceil(math.log(_HARDLY_EVER) / math.log(missing))

    def trip(self, rtt_s: float, now: float) -> None:
        """Take a round trip in."""
        self.rtt_s = rtt_s
        # A queue that stands for long would soon be taken for the way itself.
        lasts = self.slow_since is not None
        queue = rtt_s - self._floor.add(rtt_s, now, keep=lasts)
        self._jitter += (abs(queue - self._last) - self._jitter) / 8
        self._last = queue
        self.queue_s += (queue - self.queue_s) / 2
        self._peak.add(-self.queue_s, now)

    def empty(self, rate: float) -> bool:
        """Return whether no queue stands but by accident."""
        return self.queue_s <= _accident_s(self._jitter, rate)

    def dry(self, rate: float) -> bool:
        """Return whether there is no queue at all, not even by accident."""
        return self.queue_s <= _accident_s(0.0, rate)

    def full(self, rate: float) -> bool:
        """Return whether a queue stands that is neither accident nor usual."""
        unusual = self._usual_s + _accident_s(3 * self._jitter, rate)
        longest = -self._peak.value
        return self.bloated or self.queue_s > max(unusual, longest / 2)

    @property
    def bloated(self) -> bool:
        """Whether the queue is so long that repairs wait for it."""
        return self.queue_s > _BLOAT_S + self._floor.value

    @property
    def capacity(self) -> float:
        """What would have to be sent for what arrives, were all loss random."""
        return self.arriving / (1 - (self._random or 0.0))

    @property
    def sustained(self) -> float:
        """The same for the best of the last rounds: one is short, machines stall."""
        return max(self._recent, default=0.0) / (1 - (self._random or 0.0))

    def lossy(self, loss: float, packets: float) -> bool:
        """Return whether more is lost than by chance, of so many packets, and again.

        Losses in bursts are many in one round, but seldom in two. Of a path of which
        nothing is known, many losses are taken for congestion until it has been tried
        at a lower rate.
        """
        before, self.doubtful = self.doubtful, not self.by_chance(loss, packets)
        if self._random is None:
            return self.doubtful
        return loss > _MOST_RANDOM or (before and self.doubtful)

    def excuse(self, loss: float, *, again: bool) -> bool:
        """Take losses for random that did not keep more from arriving; return False.

        If they come again: what is lost then cannot be what was too much before.
        """
        if again and self._random is not None:
            self.learn(loss)
        return False

    def by_chance(self, loss: float, packets: float) -> bool:
        """Return whether the path loses so much of so many packets at any rate."""
        random = self._random
        if random is None:
            return loss <= _UNPROVED + 2 / packets
        sigma = math.sqrt(random * (1 - random) / packets)
        return loss <= 1.25 * random + 3 * sigma + 2 / packets

    def unusual(self, loss: float) -> bool:
        """Return whether it is more than the path loses at any rate, if only once."""
        return loss > 1.25 * (self._random or 0.0)

    def prove(self, loss: float, *, empty: bool) -> None:
        """Take losses for random that are there at a rate below that of congestion.

        Of a path of which something is known only where no queue stands for some
        rounds: rivals would keep it full.
        """
        self._dry = self._dry + 1 if empty and self.doubtful else 0
        if self._random is None:
            self._random, self._learned = min(loss, _MOST_RANDOM), 1
        elif self._dry >= _DRY:
            self.learn(loss)

    def learn(self, loss: float) -> None:
        """Take in what a round was like that was not too fast for the path."""
        self._usual_s += (self.queue_s - self._usual_s) / 4
        loss, before = min(loss, _MOST_RANDOM), self._random or 0.0
        # The first rounds count alike; the path is the same, be they short or long.
        self._learned = min(self._learned + 1, 8)
        self._random = before + (loss - before) / self._learned

    def arrived(self, rate: float, *, at_once: bool) -> None:
        """Take in what arrived in a round; a collapse counts at once, too."""
        self._recent.append(rate)
        if at_once or rate < self.arriving / 2 or not self.arriving:
            self.arriving = rate
        else:
            self.arriving += (rate - self.arriving) / 2


def _accident_s(jitter_s: float, rate: float) -> float:
    return max(_SHORTEST_QUEUE_S, jitter_s, 2 * PACKET_BYTES / rate)


class _Lowest:
    """The lowest value of the last ten to twenty seconds."""

    __slots__ = ("_before", "_now", "_since")

    def __init__(self) -> None:
        self._before = self._now = math.inf
        self._since = -math.inf

    @property
    def value(self) -> float:
        return min(self._before, self._now)

    def add(self, value: float, now: float, *, keep: bool = False) -> float:
        if now - self._since > _WINDOW_S and not keep:
            self._before, self._now, self._since = self._now, math.inf, now
        self._now = min(self._now, value)
        return self.value
