"""A receiver of measured traffic: counts it, and reports when it is asked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from groupwire.aio.probing.load.question import LoadQuestion
from groupwire.errors import DecodeError
from groupwire.gather import Answerer, MessageReceived
from groupwire.probe.load import LoadReport, Runs
from groupwire.probe.load.load import is_load
from groupwire.probe.load.runs import Run
from groupwire.values import Datagram, Interface, Transmit

__all__ = ["MemberEvent", "RunBegan", "RunEnded", "RunMember"]

_SILENT_S = 5.0
"""A run of which so long nothing has come is over, whether that was said or not."""
_MOST_FINISHED = 256


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The first datagram of a run is there."""

    run: Run


@dataclass(frozen=True, slots=True)
class RunEnded:
    """Its sender has said so, or nothing has come for long."""

    run: Run
    report: LoadReport


MemberEvent = RunBegan | RunEnded


class RunMember:
    """A core for a driver. ``drops`` gives the kernel's count of this socket."""

    def __init__(self, answerer: Answerer, drops: Callable[[], int]) -> None:
        self._answerer = answerer
        self._drops = drops
        self._runs = Runs()
        self._dropped_before: dict[Run, int] = {}
        self._ended: dict[Run, None] = {}
        self._events: list[MemberEvent] = []
        self.finished = False

    @property
    def dropped(self) -> Counter[str]:
        """What was neither measured traffic nor a question, by reason."""
        drops = Counter(self._answerer.dropped)
        if self._runs.foreign:
            drops["no-load"] += self._runs.foreign
        return drops

    def update_interfaces(self, interfaces: Sequence[Interface]) -> None:
        """Judge by these interfaces from now on."""
        self._answerer.update_interfaces(interfaces)

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        """Count it, or answer it."""
        if is_load(datagram.data):
            run = self._runs.take(datagram, time=time.time())
            if run is not None:
                self._begin(run)
            return
        for part in datagram.parts():
            self._answerer.handle_datagram(part, now=now)
        for message in self._answerer.poll_events():
            self._hear(message, now)

    def handle_timeout(self, *, now: float) -> None:
        """Send the answers whose moment has come."""
        self._answerer.handle_timeout(now=now)

    def poll_transmits(self) -> Sequence[Transmit]:
        """Return the answers to send."""
        return self._answerer.poll_transmits()

    def poll_events(self) -> Sequence[MemberEvent]:
        """Return what has happened."""
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        """Return when the next answer is due."""
        return self._answerer.poll_timeout()

    def reports(self) -> list[tuple[Run, LoadReport]]:
        """Return how every run that goes on has arrived so far."""
        going_on = [run for run in self._runs if run not in self._ended]
        return [(run, self._report(run)) for run in going_on]

    def look(self, at: float) -> None:
        """End the runs that are silent; seconds since the epoch."""
        for run in list(self._runs):
            if at - run.traffic.last > _SILENT_S:
                self._end(run)

    def _begin(self, run: Run) -> None:
        kept = set(self._runs)
        self._dropped_before = {
            each: before
            for each, before in self._dropped_before.items()
            if each in kept
        }
        self._dropped_before[run] = self._drops()
        self._events.append(RunBegan(run))

    def _end(self, run: Run) -> None:
        if run in self._ended:
            return
        self._ended[run] = None
        if len(self._ended) > _MOST_FINISHED:
            del self._ended[next(iter(self._ended))]
        self._events.append(RunEnded(run, self._report(run)))

    def _hear(self, message: MessageReceived, now: float) -> None:
        heard = message.datagram.time or time.time()
        try:
            question = LoadQuestion.decode(message.data)
        except DecodeError as error:
            self._answerer.dropped[error.reason] += 1
            return
        run = self._runs.find(question.run)
        report = LoadReport(run=question.run, heard=heard, answered=time.time())
        if run is not None:
            report = self._report(run, heard)
        self._answerer.answer(message, report.encode(), now=now)
        if run is not None and question.last:
            self._end(run)

    def _report(self, run: Run, heard: float = 0.0) -> LoadReport:
        dropped = self._drops() - self._dropped_before.get(run, 0)
        return run.report(dropped=dropped, heard=heard, answered=time.time())
