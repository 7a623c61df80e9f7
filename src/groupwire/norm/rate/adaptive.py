"""The rate that the slowest member sustains, found from what arrives at members."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from groupwire.errors import UsageError
from groupwire.norm.numbers import unwrap
from groupwire.norm.rate.bounds import check_bounds
from groupwire.norm.rate.control import Report, Slow
from groupwire.norm.rate.growth import DECREASE, Growth
from groupwire.norm.rate.path import Path
from groupwire.norm.wire.commands import CongestionFlag, NodeState
from groupwire.norm.wire.quantise import pack_rate, pack_rtt

__all__ = ["AdaptiveConfig", "AdaptiveRate"]

_MOST_MEMBERS = 1024
_TOLD_MEMBERS = 8
"""So many are told their round trip in a probe."""
_PROBES_KEPT = 256
_SHORTEST_ROUND_S, _LONGEST_ROUND_S = 0.025, 0.5
_FIRST_ROUNDS_S = 0.01
"""While the rate doubles: each round is a doubling."""
_ROUND_PACKETS = 16
_SILENT_ROUNDS = 16
"""With 30 % loss each way, one answer in two is lost: sixteen in a row hardly ever."""
_QUIET_S = 0.15
"""So long a machine may be silent because it has no time; rounds may be far shorter."""
_OVERLOADED_ROUNDS = 4
"""So soon the silence of a member that hears little means that it still is too fast."""
_LEAST_OFFERED = 0.75
"""Of the rate: where less was sent, it was the application that had no more."""
_MOST_ARRIVED = 1.25
"""Of the rate: more comes from a queue, or from a liar."""
_START_GAIN, _AGAIN_GAIN = 2.0, 1.25
_FOUND_ROOM = 1.05
"""So far above the last congestion without any sign of it, the path has changed."""
_STEP = 1.1
"""The most that a round adds in other times."""
_EMPTYING = 0.85
"""Below this part of the capacity a queue that stands is being emptied."""
_CHOKED = 0.85
"""Where so little of the rate arrives, a queue is growing fast."""
_MOMENT_S = 0.05
"""So long a machine may be busy with something else; a queue grows for longer."""
_PLAUSIBLE = 1 / 3
"""Losses that a member may have by chance though another one is the limiting one."""
_OVERLOADED = 0.5
"""A path that carries less of the rate than this needs a decrease at once."""
_SUSTAINS = 0.9
"""Of the floor: who stays below with a full queue cannot sustain it."""
_SHARPEST = 0.1
"""What one report leaves of the rate at least, whatever it says."""


_START, _FLOOR, _DROP_BELOW = 1.25e6, 50e3, 10e3
_FAR_BELOW = _DROP_BELOW / _FLOOR


@dataclass(frozen=True, slots=True)
class AdaptiveConfig:
    """Bounds of the rate, in bytes per second.

    Defaults yield to what is named: the start to a lower ceiling, the floor to a lower
    start, ceiling or ``drop_below``, and ``drop_below`` to a lower floor.
    """

    start_bytes_per_s: float = _START
    """Until somebody has answered."""
    floor_bytes_per_s: float = _FLOOR
    ceiling_bytes_per_s: float = 1.25e9
    drop_below_bytes_per_s: float = _DROP_BELOW
    """A member at which less arrives for ``patience_s`` is waited for no more; 0 to
    wait for everybody. By default it is far below the floor, lest somebody is given up
    who loses half by chance; where a queue stands all the time, nine tenths of the
    floor count instead."""
    patience_s: float = 10.0
    packet_bytes: int = 1400
    """How large most packets are: how many a round has tells chance from congestion."""

    def __post_init__(self) -> None:
        self._yield_to_what_is_named()
        floor, start = self.floor_bytes_per_s, self.start_bytes_per_s
        check_bounds(floor, start, self.ceiling_bytes_per_s)
        if not 0 <= self.drop_below_bytes_per_s <= self.ceiling_bytes_per_s:
            raise UsageError(
                f"nobody can be faster than {self.drop_below_bytes_per_s} where "
                f"{self.ceiling_bytes_per_s} is the most",
                fix="use 0 <= drop_below <= ceiling",
            )

    def _yield_to_what_is_named(self) -> None:
        start, floor = self.start_bytes_per_s, self.floor_bytes_per_s
        least = self.drop_below_bytes_per_s
        if start == _START:
            start = min(start, self.ceiling_bytes_per_s)
        if floor == _FLOOR:
            named = least if least > 0 and least != _DROP_BELOW else floor
            floor = min(floor, start, named)
        if least == _DROP_BELOW:
            least = min(least, _FAR_BELOW * floor)
        object.__setattr__(self, "start_bytes_per_s", start)
        object.__setattr__(self, "floor_bytes_per_s", floor)
        object.__setattr__(self, "drop_below_bytes_per_s", least)


class _Round(NamedTuple):
    """What was going on between two probes."""

    busy: bool
    rate: float
    seconds: float
    sent: float
    """Bytes per second that really left; a machine may have no time for the rate."""


class AdaptiveRate:
    """Doubles until something shows, then keeps to the limiting member's pace."""

    wants_measured = True

    def __init__(self, config: AdaptiveConfig | None = None) -> None:
        self._config = config or AdaptiveConfig()
        self._rate = self._config.start_bytes_per_s
        self._gain = _START_GAIN
        """What is sent for what arrives, as long as no growth follows congestion."""
        self._growth: Growth | None = None
        self._peak = 0.0
        """Of the last growth: far above it, the path is another one."""
        self._paths: OrderedDict[int, Path] = OrderedDict()
        self._limiting: Path | None = None
        self._grtt = 0.1
        self._rounds: dict[int, _Round] = {}
        self._probe = 0
        self._busy = False
        self._probed_at = 0.0
        self._allowed = 0.0
        """What could be sent since the last probe, up to ``_allowed_at``."""
        self._allowed_at = 0.0
        self._settled_from = 0
        """Reports of older probes do not show the last decrease."""
        self._grown_by = -1
        self._silent_from = 0
        """The probe since which nothing has been heard of whom it matters."""
        self._heard_at = 0.0
        """When that was heard."""
        self._slow: list[Slow] = []

    @property
    def rate(self) -> float:
        """Bytes per second to send now."""
        return self._rate

    def probe_interval(self, grtt_s: float) -> float:
        """Return the group's round trip, long enough for some packets."""
        self._grtt = grtt_s
        doubling = self._growth is None and self._gain == _START_GAIN
        shortest = _FIRST_ROUNDS_S if doubling else _SHORTEST_ROUND_S
        packets_s = _ROUND_PACKETS * self._config.packet_bytes / self._rate
        shortest = max(shortest, packets_s)
        return min(max(grtt_s, shortest), _LONGEST_ROUND_S)

    def probed(
        self, probe: int, *, busy: bool, now: float, sent_bytes: int | None = None
    ) -> None:
        """Note a probe, and slow down when nobody answers."""
        self._account(now)
        seconds = now - self._probed_at
        rate = self._allowed / seconds if seconds else self._rate
        sent = rate if sent_bytes is None else sent_bytes / max(seconds, 1e-6)
        self._probe = unwrap(probe, self._probe, 16)
        self._rounds[self._probe] = _Round(busy and self._busy, rate, seconds, sent)
        self._rounds.pop(self._probe - _PROBES_KEPT, None)
        self._allowed, self._busy, self._probed_at = 0.0, busy, now
        if busy:
            self._mind_silence(now)
        else:
            self._silent_from = self._probe

    def heard(self, report: Report, *, now: float) -> None:
        """Take a report in: only news count, so that replays change nothing."""
        if not report.is_sound:
            return
        probe = unwrap(report.probe, self._probe, 16)
        path = self._path(report.node)
        if report.rtt_s is None or not path.probe <= probe <= self._probe:
            return
        path.trip(report.rtt_s, now)
        if probe == path.probe:
            return
        path.answered(probe)
        path.heard = self._probe
        if self._limiting in {None, path}:
            self._silent_from, self._heard_at = self._probe, now
        if report.leaving and path is self._limiting:
            self._limiting = None
        during = self._rounds.get(probe)
        if during is None:
            return
        if not during.busy or report.leaving:
            path.slow_since = None
            return
        if report.measured:
            self._measured(path, report, during, now)
        else:
            self._advised(path, report, now)

    def nodes(self) -> Sequence[NodeState]:
        """Return the limiting member, and who else was heard last."""
        paths = list(islice(reversed(self._paths.values()), _TOLD_MEMBERS))
        if self._limiting is not None:
            others = [p for p in paths if p is not self._limiting]
            paths = [self._limiting, *others[: _TOLD_MEMBERS - 1]]
        return [self._state(path) for path in paths]

    def slow(self) -> Sequence[Slow]:
        """Return members that are to be waited for no more; each only once."""
        slow, self._slow = self._slow, []
        return slow

    # What members report.

    def _measured(self, path: Path, report: Report, during: _Round, now: float) -> None:
        most = _MOST_ARRIVED * min(during.rate, during.sent)
        arrived = min(report.rate_bytes_per_s, most)
        offered = arrived / max(1 - report.loss, 1e-3)
        full = path.full(during.rate)
        unused = during.sent < _LEAST_OFFERED * during.rate
        packets = max(1.0, offered * during.seconds / self._config.packet_bytes)
        sent = offered >= _CHOKED * during.sent
        if unused and sent and path.by_chance(report.loss, packets):
            # What stands in a queue then is this machine's own doing.
            path.slow_since = None
            return
        if offered < _LEAST_OFFERED * during.rate and not full:
            path.slow_since = None
            return
        # A late report shows a rate that is no more, and yet what the path can carry.
        settled = path.probe >= self._settled_from
        below = self._growth is not None and during.rate < self._growth.learns
        plausible = path is self._limiting or report.loss < _PLAUSIBLE
        if settled and below and plausible:
            path.prove(report.loss, empty=path.dry(during.rate))
        lossy = path.lossy(report.loss, packets)
        if path.doubtful and self._still_grows(path, arrived, report.loss):
            lossy = path.excuse(report.loss, again=lossy)
        path.arrived(arrived, at_once=self._growth is None)
        if self._gives_up(path, arrived, suffers=lossy or full, full=full, now=now):
            return
        if not settled and not self._overloads(path):
            return
        if lossy or (full and self._congested(path, report.loss, during.rate)):
            # While a queue empties, more arrives than is sent.
            carries = path.capacity if lossy else min(path.sustained, during.rate)
            self._decrease(path, min(_STEP * self._rate, carries), now)
            return
        path.choked = path.choked and full
        if path.choked:
            return
        if below or (self._growth is None and not path.doubtful):
            path.learn(report.loss)
        self._increase(path, during.seconds, now)

    def _still_grows(self, path: Path, arrived: float, loss: float) -> bool:
        """Return whether more arrives as more is sent: then nothing is full yet."""
        if self._growth is not None or loss >= _PLAUSIBLE:
            return False
        return arrived >= _AGAIN_GAIN * path.arriving

    def _congested(self, path: Path, loss: float, rate: float) -> bool:
        """Return whether the queue that stands is growing, and not being emptied."""
        before, path.choked = path.choked, False
        if rate < _EMPTYING * path.capacity:
            return False
        lossy = path.unusual(loss)
        if lossy and self._growth is not None:
            return True
        if lossy or path.capacity < _CHOKED * rate:
            path.choked = not before and path.queue_s < _MOMENT_S
            return not path.choked
        # A long queue is a reason not to grow; rivals may be the reason for it.
        return path.bloated and (self._growth is None or rate > self._growth.peak)

    def _advised(self, path: Path, report: Report, now: float) -> None:
        """Follow a foreign receiver: it tells TFMCC's rate, not what arrives."""
        rate = report.rate_bytes_per_s
        path.arriving = rate
        suffers = not report.slow_start
        if self._gives_up(path, rate, suffers=suffers, full=False, now=now):
            return
        if rate < self._rate:
            # In slow start it is twice what arrived: little, where little was sent.
            if not report.slow_start:
                self._decrease(path, rate / DECREASE, now)
        elif self._limiting in {None, path} and path.probe > self._grown_by:
            self._limiting, self._grown_by = path, path.probe
            step = _START_GAIN if report.slow_start else _STEP
            self._set(min(rate, step * self._rate), now)

    def _gives_up(
        self, path: Path, rate: float, *, suffers: bool, full: bool, now: float
    ) -> bool:
        """Return whether a member has been below the least for too long.

        Behind a queue that stands, less than the floor is what the path can carry;
        without one, it may be what chance has left of it.
        """
        least = self._config.drop_below_bytes_per_s
        if full and least:
            least = max(least, _SUSTAINS * self._config.floor_bytes_per_s)
        suffers = suffers or path is self._limiting
        if not suffers or rate >= least:
            path.slow_since = None
            return False
        if path.slow_since is None:
            path.slow_since = now
        if now - path.slow_since < self._config.patience_s:
            return False
        self._slow.append(Slow(path.node, rate))
        del self._paths[path.node]
        if self._limiting in {None, path}:
            self._limiting, self._growth = self._heard_since(0), None
            self._gain, self._settled_from = _START_GAIN, self._probe
        return True

    # What comes of it.

    def _decrease(self, path: Path, peak: float, now: float) -> None:
        # Anybody may claim that nothing arrives.
        peak = max(peak, self._config.floor_bytes_per_s)
        self._limiting = path
        self._settled_from = self._probe + 2
        self._growth = Growth(peak, path.rtt_s, path.least_rtt_s)
        self._set(max(peak * DECREASE, self._rate * _SHARPEST), now)

    def _increase(self, path: Path, seconds: float, now: float) -> None:
        limiting = self._limiting
        if limiting is None or (
            self._growth is None and path.arriving < 0.9 * limiting.arriving
        ):
            self._limiting = limiting = path
        if path is not limiting or path.probe <= self._grown_by:
            return
        self._grown_by = path.probe
        if self._growth is None:
            if self._rate > _START_GAIN * self._peak:
                self._gain = _START_GAIN
            self._set(max(self._rate, self._gain * path.capacity), now)
            return
        peak, rate = self._growth.peak, self._growth.after(seconds, path.rtt_s)
        step = _STEP if self._rate > DECREASE * peak else _AGAIN_GAIN
        self._set(min(max(self._rate, rate), step * self._rate), now)
        if self._rate > _FOUND_ROOM * peak and path.empty(self._rate):
            self._growth, self._gain, self._peak = None, _AGAIN_GAIN, peak

    def _mind_silence(self, now: float) -> None:
        """Slow down when whom it matters to is silent; it may hear nothing at all."""
        limiting = self._limiting
        if limiting is not None and self._forgets(limiting):
            self._limiting = limiting = self._heard_since(limiting.probe + 1)
        patience = self._patience(limiting)
        if self._probe - self._silent_from <= patience:
            return
        if now - self._heard_at < _QUIET_S:
            return
        self._silent_from = self._probe - patience // 2
        if limiting is not None and self._overloads(limiting):
            self._relieve(limiting, now)
            return
        if self._growth is not None:
            self._growth = Growth(max(self._rate, self._growth.peak), self._grtt)
        self._set(self._rate / 2, now)

    def _relieve(self, path: Path, now: float) -> None:
        """Slow down to what it can hear, and only then count its silence."""
        before = self._rate
        self._set(max(path.capacity * DECREASE, before * _SHARPEST), now)
        if self._rate < before:
            path.heard = self._probe

    def _patience(self, path: Path | None) -> int:
        """Return how many rounds of silence are no reason to slow down."""
        if path is None:
            return _SILENT_ROUNDS
        if self._overloads(path):
            return _OVERLOADED_ROUNDS + self._late_rounds(path)
        return path.patience

    def _forgets(self, path: Path) -> bool:
        """Return whether it has been silent for longer than its way explains.

        Its answers are late by its own queue, and a path that loses most of what is
        sent loses most probes, too.
        """
        rounds = _SILENT_ROUNDS + self._late_rounds(path)
        if self._overloads(path):
            rounds *= 2
        return self._probe - path.heard > rounds

    def _overloads(self, path: Path) -> bool:
        return path.capacity < _OVERLOADED * self._rate

    def _late_rounds(self, path: Path) -> int:
        interval_s = self.probe_interval(self._grtt)
        return min(int(path.rtt_s / interval_s), _SILENT_ROUNDS)

    def _set(self, rate: float, now: float) -> None:
        self._account(now)
        config = self._config
        self._rate = min(
            max(rate, config.floor_bytes_per_s), config.ceiling_bytes_per_s
        )

    def _account(self, now: float) -> None:
        self._allowed += self._rate * (now - self._allowed_at)
        self._allowed_at = now

    # Who they are.

    def _heard_since(self, probe: int) -> Path | None:
        """Return who was heard last, if later; as the limiting one it answers at once.

        By lot it would take as long as the round trip of the one that has gone.
        """
        last = next(reversed(self._paths.values()), None)
        if last is None or last.probe < probe:
            return None
        last.heard = self._probe
        return last

    def _path(self, node: int) -> Path:
        path = self._paths.get(node)
        if path is None:
            path = self._paths[node] = Path(node)
            if len(self._paths) > _MOST_MEMBERS:
                self._paths.popitem(last=False)
        self._paths.move_to_end(node)
        return path

    def _state(self, path: Path) -> NodeState:
        flags = CongestionFlag.RTT
        if path is self._limiting:
            flags |= CongestionFlag.CLR
        return NodeState(
            path.node, flags, pack_rtt(path.rtt_s), pack_rate(path.arriving)
        )
