"""``watch`` for programs: events, one for each source and group in each interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.probe.flow import GroupReport, SourceReport, Span, WatchReport
from groupwire.probe.flow.verdict import Limits, Problem

if TYPE_CHECKING:
    from groupwire.aio import Joined

__all__ = ["WatchJson"]


class WatchJson:
    """Writes what is watched as JSON lines."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def start(self, joined: Sequence[Joined], metrics: str | None) -> None:
        """Tell where each group is joined."""
        for one in joined:
            fields = {
                "group": str(one.group),
                "interfaces": [i.name for i in one.interfaces],
                "reason": one.reason,
                "receive_buffer": one.receive_buffer,
                "metrics": metrics,
            }
            self._out.event("joined", fields)

    def show(self, report: WatchReport) -> None:
        """Tell one interval."""
        for group in report.groups:
            for source in group.sources:
                fields = _source_fields(report, group, source)
                self._out.event("source", fields, at=report.time)
            self._out.event("group", _group_fields(report, group), at=report.time)

    def end(
        self,
        report: WatchReport,
        problems: Sequence[Problem],
        limits: Limits,
        *,
        recorded: bool = True,
    ) -> None:
        """Tell what it came to; not ``recorded``: the disk did not take all of it."""
        groups = report.groups
        fields = {
            "elapsed_s": round(report.elapsed_s, 3),
            "groups": len(groups),
            "silent_groups": sum(not g.total.packets for g in groups),
            "sources": sum(len(g.sources) for g in groups),
            "packets": sum(g.total.packets for g in groups),
            "bytes": sum(g.total.bytes for g in groups),
            "lost": sum(g.lost for g in groups),
            "lost_on_the_way": sum(g.lost_on_the_way for g in groups),
            "dropped_here": sum(g.dropped for g in groups),
            "max_loss": limits.max_loss,
            "min_rate_bps": limits.min_bits_per_s,
            "problems": [_problem_fields(p) for p in problems],
            "verdict": "failed" if problems or not recorded else "ok",
        }
        self._out.event("end", fields)


def _source_fields(
    report: WatchReport, group: GroupReport, of: SourceReport
) -> dict[str, Any]:
    least, most = of.ttl_range or (None, None)
    fields: dict[str, Any] = {
        "group": str(group.group),
        "source": str(of.source),
        "interface": report.interfaces.get(of.interface, ""),
        "form": of.form,
        "detail": of.detail,
        "counts": of.unit,
        "interval_s": round(of.now.seconds, 6),
        **_span_fields(of.now),
        "rate_bps": round(of.now.bits_per_s),
        "packets_per_s": round(of.now.packets_per_s, 1),
        "ttl": of.ttl_hops,
        "ttl_min": least,
        "ttl_max": most,
        "size_min_bytes": of.size_range[0],
        "size_max_bytes": of.size_range[1],
        "jitter_s": None if of.jitter_s is None else round(of.jitter_s, 9),
        "jitter_by": "sender" if of.jitter_by_clock else "arrivals",
        "quiet_s": round(of.quiet_s, 6),
        "total": {**_span_fields(of.total), "longest_gap": _longest_gap(of)},
    }
    if of.trail:
        fields["trail"] = of.trail
    return fields


def _longest_gap(of: SourceReport) -> int | None:
    counts = of.total.counts
    return None if counts is None else counts.longest_gap


def _span_fields(span: Span) -> dict[str, Any]:
    counts = span.counts
    fields: dict[str, Any] = {
        "packets": span.packets,
        "bytes": span.bytes,
        "peak_10ms_packets": span.peak_packets,
        "silence_s": round(span.silence_s, 6),
        "lost": None,
        "loss": None,
    }
    if counts is not None:
        fields |= {
            "lost": counts.lost,
            "loss": round(counts.loss, 9),
            "numbered": counts.received,
            "gaps": counts.gaps,
            "duplicates": counts.duplicates,
            "reordered": counts.reordered,
            "restarts": counts.restarts,
            "strays": counts.strays,
        }
    return fields


def _group_fields(report: WatchReport, of: GroupReport) -> dict[str, Any]:
    return {
        "group": str(of.group),
        "interval_s": round(report.interval_s, 6),
        "sources": len(of.sources),
        "packets": of.now.packets,
        "bytes": of.now.bytes,
        "rate_bps": round(of.now.bits_per_s),
        "dropped_here": of.dropped_now,
        "total": {
            "packets": of.total.packets,
            "bytes": of.total.bytes,
            "lost": of.lost,
            "lost_on_the_way": of.lost_on_the_way,
            "dropped_here": of.dropped,
            "dropped_exactly": of.dropped_exactly,
            "others": of.others,
            "refused": dict(of.refused),
        },
    }


def _problem_fields(of: Problem) -> dict[str, Any]:
    return {
        "code": str(of.kind),
        "group": str(of.group),
        "source": None if of.source is None else str(of.source),
        "value": of.value,
    }
