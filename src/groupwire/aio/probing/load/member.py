"""A receiver of measured traffic: counts it, and reports when it is asked."""

from __future__ import annotations

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
"""A run of which so long nothing has come is over, whether that was said or not; and
twice its longest silence. Should more come, it goes on, and ends once more."""
_TIMES_SILENCE = 2
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
    """A core for a driver.

    ``drops`` gives the kernel's count of this socket, ``wall`` the time in seconds
    since the epoch, which is what departures and arrivals are told in.
    """

    def __init__(
        self,
        answerer: Answerer,
        drops: Callable[[], int],
        wall: Callable[[], float],
    ) -> None:
        self._answerer = answerer
        self._drops, self._wall = drops, wall
        self._runs = Runs()
        self._dropped_before: dict[Run, int] = {}
        self._ended: dict[Run, int] = {}
        """With how many packets each had ended."""
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
            run = self._runs.take(datagram, time=self._wall())
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

    def look(self) -> None:
        """End the runs that are silent, and have those go on that are so no more."""
        now = self._wall()
        for run in list(self._runs):
            patience = max(_SILENT_S, _TIMES_SILENCE * run.traffic.silence)
            if now - run.traffic.last > patience:
                self._end(run)
            elif run.traffic.packets > self._ended.get(run, run.traffic.packets):
                del self._ended[run]

    def end_all(self) -> None:
        """End every run that goes on: this member leaves."""
        for run in list(self._runs):
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
        self._ended[run] = run.traffic.packets
        if len(self._ended) > _MOST_FINISHED:
            del self._ended[next(iter(self._ended))]
        self._events.append(RunEnded(run, self._report(run)))

    def _hear(self, message: MessageReceived, now: float) -> None:
        heard = message.datagram.time or self._wall()
        try:
            question = LoadQuestion.decode(message.data)
        except DecodeError as error:
            self._answerer.dropped[error.reason] += 1
            return
        run = self._runs.find(question.run)
        report = LoadReport(run=question.run, heard=heard, answered=self._wall())
        if run is not None:
            report = self._report(run, heard)
        self._answerer.answer(message, report.encode(), now=now)
        # Only its own sender ends it.
        asker = message.datagram.origin.host
        if run is not None and question.last and asker == run.origin.host:
            run.known = True
            self._end(run)

    def _report(self, run: Run, heard: float = 0.0) -> LoadReport:
        dropped = self._drops() - self._dropped_before.get(run, 0)
        # The kernel counts by socket: each run has its share.
        packets = sum(each.traffic.packets for each in self._runs) or 1
        share = min(run.traffic.packets / packets, 1.0)
        return run.report(
            dropped=round(dropped * share), heard=heard, answered=self._wall()
        )
