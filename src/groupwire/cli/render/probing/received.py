"""What ``bench receive`` shows: runs that begin, go on and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, assert_never

from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.quantities import bits, in_time, percent
from groupwire.cli.render.text import escape, plural, seconds

if TYPE_CHECKING:
    from groupwire.aio import Joined
    from groupwire.aio.probing.load import LoadEvent
    from groupwire.probe.load import LoadReport
    from groupwire.values import Origin

__all__ = ["Received"]


class Received:
    """Told what happens, shows it to people or programs."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._runs = 0
        self.joined = False

    def begun(self) -> bool:
        """Tell whether it has joined."""
        return self.joined

    def take(self, event: LoadEvent) -> None:
        """Show one event."""
        from groupwire.aio import Joined
        from groupwire.aio.probing.load import LoadBegan, LoadEnded, LoadInterval

        match event:
            case Joined():
                self._join(event)
            case LoadBegan(sender, run):
                self._begin(sender, run)
            case LoadInterval(reports):
                for sender, report in reports:
                    self._tell("progress", sender, report)
            case LoadEnded(sender, report, dropped):
                self._runs += 1
                self._tell("run", sender, report)
                self._warn(dropped)
            case _:
                assert_never(event)

    def end(self) -> None:
        """Say the last, however it came to it."""
        if self._out.json:
            self._out.event("end", {"runs": self._runs})
        elif not self._runs:
            self._out.note("no run has ended here")

    def _join(self, event: Joined) -> None:
        self.joined = True
        names = [link.name for link in event.interfaces]
        if self._out.json:
            fields = {
                "group": str(event.group),
                "interfaces": names,
                "reason": event.reason,
                "receive_buffer": event.receive_buffer,
            }
            self._out.event("joined", fields)
            return
        self._out.note(
            f"listening to {escape(str(event.group))} on {', '.join(names)} "
            f"({event.reason})"
        )

    def _begin(self, sender: Origin, run: int) -> None:
        if self._out.json:
            self._out.event("begin", {"sender": str(sender), "run": f"{run:016x}"})
        else:
            self._out.note(f"{sender} begins")

    def _tell(self, event: str, sender: Origin, report: LoadReport) -> None:
        if self._out.json:
            self._out.event(event, _fields(sender, report))
            return
        words = [
            seconds(report.seconds),
            plural(report.packets, "datagram"),
            _rate(report),
            f"{report.lost:,} lost ({percent(report.loss)})",
        ]
        odd = {
            "dropped by this host": report.dropped_here,
            "twice": report.duplicates,
            "out of order": report.reordered,
        }
        words += [f"{count:,} {what}" for what, count in odd.items() if count]
        words.append(f"jitter {in_time(report.jitter_s)}")
        say = self._out.note if event == "progress" else self._out.line
        say(f"{sender}: {', '.join(words)}")

    def _warn(self, dropped: Mapping[str, int]) -> None:
        if count := dropped.get("receive-buffer"):
            self._out.warn(
                f"the receive buffer was full {count:,} times; what was lost there "
                "is not the network's fault"
            )


def _fields(sender: Origin, report: LoadReport) -> dict[str, Any]:
    return {
        "sender": str(sender),
        "run": f"{report.run:016x}",
        "packets": report.packets,
        "bytes": report.size_bytes,
        "rate_bps": None if report.bits_per_s is None else round(report.bits_per_s),
        "lost": report.lost,
        "loss": round(report.loss, 9),
        "dropped_by_host": report.dropped_here,
        "duplicates": report.duplicates,
        "reordered": report.reordered,
        "longest_gap": report.longest_gap,
        "elapsed_s": report.seconds,
        "jitter_s": report.jitter_s,
        "longest_silence_s": report.silence_s,
        "peak_bps": round(report.peak_bits_per_s),
    }


def _rate(report: LoadReport) -> str:
    return "rate unknown" if report.bits_per_s is None else bits(report.bits_per_s)
