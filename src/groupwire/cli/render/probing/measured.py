"""What ``bench send`` shows: how much has left, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.quantities import bits, in_time, percent
from groupwire.cli.render.text import and_so_on, escape, plural, seconds

if TYPE_CHECKING:
    from groupwire.aio.probing.load import LoadProgress, LoadResult, MemberLoad
    from groupwire.values import Group

__all__ = ["Measured"]

_NAME_WIDTH = 20
_TOO_SLOW = 0.02
"""Above this part of what was to be sent, it is no accident."""
_HEADINGS = ("lost", "here", "rate", "p50", "p99", "clock", "rtt", "jitter")


class Measured:
    """Told what happens, shows it to people or programs."""

    def __init__(
        self, out: Out, group: Group, rate: float, size: int, duration: float
    ) -> None:
        self._out = out
        self._group, self._rate = group, rate
        self._size, self._duration = size, duration
        self._last: LoadProgress | None = None
        self._result: LoadResult | None = None
        self._broken: Sequence[str] = ()

    @property
    def begun(self) -> bool:
        """Whether anything has left."""
        return self._last is not None

    def progress(self, progress: LoadProgress) -> None:
        """Show what has left so far; the first time, what is to leave."""
        first, self._last = self._last is None, progress
        if first:
            self._start(progress)
        elif self._out.json:
            self._out.event("progress", _sent(progress))
        else:
            self._out.note(
                f"{seconds(progress.seconds)}: {plural(progress.packets, 'datagram')}, "
                f"{bits(progress.bits_per_s)}, "
                f"{plural(len(progress.members), 'receiver')}"
            )

    def result(self, result: LoadResult, broken: Sequence[str]) -> None:
        """Show what became of it, receiver by receiver."""
        self._last, self._result, self._broken = result.sent, result, broken
        for member in result.members:
            if self._out.json:
                self._out.event("receiver", _fields(member))
        if not self._out.json:
            self._table(result)

    def end(self) -> None:
        """Say the last, however it came to it."""
        if self._last is None:
            return
        if self._out.json:
            self._out.event("end", self._end(self._last))
            return
        result = self._result
        if result is None:
            self._out.complain("ended before the receivers were asked")
            return
        if not result.members:
            self._out.complain(
                "nobody has answered: run `groupwire bench receive` on the receivers"
            )
        for name in result.missing:
            self._out.complain(f"missing: {escape(name)}")
        if result.missing_count and not result.missing:
            self._out.complain(f"missing: {plural(result.missing_count, 'receiver')}")
        for limit in self._broken:
            self._out.complain(f"limit not kept: {escape(limit)}")

    def _start(self, progress: LoadProgress) -> None:
        if self._out.json:
            fields = {
                "group": str(self._group),
                "run": f"{progress.run:016x}",
                "rate_bps": self._rate,
                "size_bytes": self._size,
                "duration_s": self._duration,
            }
            self._out.event("start", fields)
            return
        self._out.note(
            f"{bits(self._rate)} in datagrams of {self._size} bytes to "
            f"{escape(str(self._group))} for {seconds(self._duration)}"
        )

    def _table(self, result: LoadResult) -> None:
        sent = result.sent
        self._out.line(
            f"sent {plural(sent.packets, 'datagram')} in {seconds(sent.seconds)}, "
            f"{bits(sent.bits_per_s)}"
        )
        self._odd(result)
        if not result.members:
            return
        rows = [("receiver", *_HEADINGS), *(_row(each) for each in result.members)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            first, *others = (
                cell.ljust(width) if not at else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            self._out.line("  ".join([first, *others]))
        self._out.detail(
            "lost: in all; here: of these at least, dropped by the receiver's own "
            "host; p50, p99: on the way there, give or take the clock's error; rtt: "
            "of questions, median; jitter: RFC 3550"
        )

    def _odd(self, result: LoadResult) -> None:
        """Tell what was not as it was to be."""
        late = result.late / max(result.late + result.sent.packets, 1)
        what = plural(result.late, "datagram")
        if late > _TOO_SLOW:
            self._out.warn(
                f"{what} not sent: this machine cannot send "
                f"{bits(result.wanted_bits_per_s)} in datagrams of {self._size} bytes; "
                "larger ones need less of it"
            )
        elif result.late:
            self._out.note(f"{what} not sent: this machine was held up meanwhile")
        if result.refused is not None:
            self._out.warn(f"for a while nothing could be sent: {result.refused}")
        for name in result.clashes:
            self._out.warn(f"more than one host answers as {escape(name)}")
        for member in result.members:
            if member.report.packets and member.report.before:
                before = plural(member.report.before, "datagram")
                self._out.note(
                    f"{escape(member.name)} heard the first after {before}; those are "
                    "not counted as lost"
                )

    def _end(self, last: LoadProgress) -> dict[str, Any]:
        result = self._result
        return {
            **_sent(last),
            "late": result.late if result else 0,
            "refused": str(result.refused) if result and result.refused else None,
            "clashes": list(result.clashes) if result else [],
            "receivers": [each.name for each in result.members] if result else [],
            "missing": list(result.missing) if result else [],
            "missing_count": result.missing_count if result else 0,
            "limits": list(self._broken),
        }


def _sent(progress: LoadProgress) -> dict[str, Any]:
    return {
        "packets": progress.packets,
        "bytes": progress.size_bytes,
        "rate_bps": round(progress.bits_per_s),
        "elapsed_s": round(progress.seconds, 6),
    }


def _row(member: MemberLoad) -> tuple[str, ...]:
    clock, report = member.clock, member.report
    return (
        and_so_on(escape(member.name), _NAME_WIDTH),
        f"{member.lost:,} ({percent(member.loss)})",
        f"{member.dropped_here:,}",
        "-" if report.bits_per_s is None else bits(report.bits_per_s),
        in_time(member.delay_s("p50")),
        in_time(member.delay_s("p99")),
        f"±{in_time(clock.error_s)}" if clock else "-",
        in_time(member.round_trips.at(0.5)),
        in_time(report.jitter_s),
    )


def _fields(member: MemberLoad) -> dict[str, Any]:
    report, clock = member.report, member.clock
    trips = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        "member": member.name,
        "receiver": str(member.sender),
        "packets": report.packets,
        "bytes": report.size_bytes,
        "rate_bps": None if report.bits_per_s is None else round(report.bits_per_s),
        "before": report.before,
        "lost": member.lost,
        "loss": round(member.loss, 9),
        "dropped_by_host": member.dropped_here,
        "duplicates": report.duplicates,
        "reordered": report.reordered,
        "longest_gap": report.longest_gap,
        "jitter_s": report.jitter_s,
        "longest_silence_s": report.silence_s,
        "peak_bps": round(report.peak_bits_per_s),
        "delay_s": {name: _rounded(member.delay_s(name)) for name in report.delays_s},
        "clock_offset_s": _rounded(clock.offset_s if clock else None),
        "clock_error_s": _rounded(clock.error_s if clock else None),
        "rtt_s": {
            name: _rounded(member.round_trips.at(part)) for name, part in trips.items()
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 7)
