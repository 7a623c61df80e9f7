"""Runs a target on mutated messages until something is found or time is over."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import perf_counter, thread_time

from .mutation import Mutator
from .targets import Feed, Step, Target

__all__ = ["Finding", "Report", "Session", "broken", "run"]

MOST_S = 0.010
"""Of one step: taking a message in, or what is due then."""
MOST_BYTES = 1 << 20
_MEASURED_ONE_IN = 128
"""Inputs whose memory is measured, because that is slow."""
_AGAIN = 3
"""A slow input is measured so often again, with nothing to collect; the fastest counts.

All times are of this thread alone: what else the machine does is no finding.
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Messages in one life, the last of which is the one in question."""

    variant: int
    inputs: tuple[bytes, ...]

    def __str__(self) -> str:
        return f"{self.variant}:" + ",".join(data.hex() for data in self.inputs)

    @classmethod
    def parse(cls, text: str) -> Session:
        """Read what the other way has written; a lone message is one of variant 0."""
        variant, _, inputs = text.rpartition(":")
        return cls(int(variant or 0), tuple(map(bytes.fromhex, inputs.split(","))))


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what it takes to see it again."""

    problem: str
    session: Session


@dataclass(frozen=True, slots=True)
class Report:
    """What one run has seen."""

    executions: int
    seconds: float
    measured: int
    slowest_s: float
    largest_bytes: int
    finding: Finding | None = None


class _Run:
    """Counts, and looks at what seems wrong."""

    def __init__(self, target: Target, *, timed: bool) -> None:
        self._target = target
        self._timed = timed
        self.executions = self.measured = self.largest = 0
        self.slowest = 0.0

    def feed(self, feed: Feed, data: bytes) -> str | None:
        """Return why an input may be wrong, without asking again."""
        self.executions += 1
        try:
            if self.executions % _MEASURED_ONE_IN == 0:
                return self._measure(feed, data)
            took = _longest_s(feed(data))
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        if not self._timed or took <= MOST_S:
            self.slowest = max(self.slowest, took)
            return None
        return "slow"

    def _measure(self, feed: Feed, data: bytes) -> str | None:
        self.measured += 1
        peak = _peak_bytes(feed, data)
        if peak > MOST_BYTES:
            return f"{peak:,} bytes allocated"
        self.largest = max(self.largest, peak)
        return None


def run(
    target: Target, seed: str, *, runs: int, seconds: float, timed: bool = True
) -> Report:
    """Fuzz until ``runs`` or ``seconds`` are over, or something is found."""
    rng, state = Random(f"{target.name} {seed}"), _Run(target, timed=timed)
    began, variant = perf_counter(), 0
    finding = None
    target.start(0)
    gc.collect()
    gc.freeze()
    while finding is None and state.executions < runs:
        if perf_counter() - began >= seconds:
            break
        left = min(target.inputs, runs - state.executions)
        finding = _live(target, variant, left, rng, state)
        variant = (variant + 1) % target.variants
    gc.unfreeze()
    return Report(
        state.executions,
        perf_counter() - began,
        state.measured,
        state.slowest,
        state.largest,
        finding,
    )


def _live(
    target: Target, variant: int, inputs: int, rng: Random, state: _Run
) -> Finding | None:
    """Run one life."""
    mutator = Mutator(target.corpus(variant), rng)
    feed = target.start(variant)
    heard: list[bytes] = []
    for _ in range(inputs):
        data = mutator.next()
        if not target.remembers:
            heard.clear()
        heard.append(data)
        suspect = state.feed(feed, data)
        if suspect is not None:
            found = _confirm(target, Session(variant, tuple(heard)), suspect)
            if found is not None:
                return found
    return None


def _confirm(target: Target, session: Session, suspect: str) -> Finding | None:
    """Ask again, alone and then with less and less before it."""
    alone = Session(session.variant, session.inputs[-1:])
    if (problem := broken(target, alone)) is not None:
        return Finding(problem, alone)
    problem = broken(target, session) if len(session.inputs) > 1 else None
    if problem is None:
        # What is slow or large only once was the machine, or a cache that was filled.
        once = suspect == "slow" or suspect.endswith("allocated")
        return None if once else Finding(suspect, session)
    return Finding(problem, _shrunk(target, session))


def _shrunk(target: Target, session: Session) -> Session:
    """Drop whatever is not needed before the last message, large pieces first."""
    *before, last = session.inputs
    size = len(before)
    while size:
        at = 0
        while at < len(before):
            fewer = before[:at] + before[at + size :]
            tried = Session(session.variant, (*fewer, last))
            if broken(target, tried) is not None:
                before = fewer
            else:
                at += size
        size //= 2
    return Session(session.variant, (*before, last))


def broken(target: Target, session: Session) -> str | None:
    """Return what is wrong with the last message of a session, None for nothing."""
    *before, last = session.inputs
    try:
        times = [_seconds(_lived(target, session, before), last) for _ in range(_AGAIN)]
        peak = _peak_bytes(_lived(target, session, before), last)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if min(times) > MOST_S:
        return f"{min(times) * 1000:.1f} ms"
    return f"{peak:,} bytes allocated" if peak > MOST_BYTES else None


def _lived(target: Target, session: Session, before: Sequence[bytes]) -> Feed:
    feed = target.start(session.variant)
    for data in before:
        for step in feed(data):
            step()
    return feed


def _seconds(feed: Feed, data: bytes) -> float:
    gc.collect()
    gc.disable()
    try:
        return _longest_s(feed(data))
    finally:
        gc.enable()


def _longest_s(steps: Sequence[Step]) -> float:
    """Return how long the longest took, in time of this thread alone."""
    longest = 0.0
    for step in steps:
        began = thread_time()
        step()
        longest = max(longest, thread_time() - began)
    return longest


def _peak_bytes(feed: Feed, data: bytes) -> int:
    tracemalloc.start()
    try:
        for step in feed(data):
            step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
