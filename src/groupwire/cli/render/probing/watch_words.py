"""What a watch has found, in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nlargest

from groupwire.cli.render.deliveries.ink.figures import bit_rate, share
from groupwire.cli.render.text import escape, plural, seconds
from groupwire.probe.flow import GroupReport, SourceReport, Span, WatchReport
from groupwire.probe.flow.verdict import Limits, Problem, ProblemKind

__all__ = [
    "MOST_NAMED",
    "foremost",
    "form_of",
    "here_of",
    "lost_of",
    "more_of",
    "others_of",
    "packet_rate",
    "problem_text",
    "rate_of",
    "short_time",
    "ways_of",
    "who_of",
]


MOST_NAMED = 32
"""Sources of one group that have lines of their own, and problems that are told."""


def foremost(
    sources: Sequence[SourceReport], *, interval: bool
) -> tuple[list[SourceReport], list[SourceReport]]:
    """Return who brought most, in the interval or in all, in their order; the rest.

    Strangers can make up thousands of sources, but none that brings more than it sends.
    """
    if len(sources) <= MOST_NAMED:
        return list(sources), []

    def packets(of: SourceReport) -> int:
        return of.now.packets if interval else of.total.packets

    named = {id(s) for s in nlargest(MOST_NAMED, sources, key=packets)}
    return (
        [s for s in sources if id(s) in named],
        [s for s in sources if id(s) not in named],
    )


def others_of(rest: Sequence[SourceReport], packets: int) -> str:
    """Return ``and 2,016 more sources, 2,030 packets``."""
    return f"and {plural(len(rest), 'more source')}, {plural(packets, 'packet')}"


def rate_of(span: Span) -> str:
    """Return ``12.6 Mb/s``."""
    return bit_rate(span.bits_per_s / 8)


def packet_rate(span: Span) -> str:
    """Return ``1,200/s``."""
    rate = span.packets_per_s
    return f"{rate:,.0f}/s" if rate >= 10 or not rate else f"{rate:.1f}/s"


def ways_of(report: WatchReport) -> Mapping[int, str]:
    """Return the names of interfaces, none where all sources come in by the same."""
    ways = {s.interface for group in report.groups for s in group.sources}
    return report.interfaces if len(ways) > 1 else {}


def who_of(source: SourceReport, ways: Mapping[int, str]) -> str:
    """Return who sends, and where it comes in if there are several ways."""
    name = ways.get(source.interface)
    return f"{source.source} on {escape(name)}" if name else str(source.source)


def form_of(source: SourceReport) -> str:
    """Return ``RTP MPEG-TS``, or that there are no numbers to read."""
    if source.form is None:
        return "no numbers"
    return f"{source.form} {source.detail}".rstrip()


def lost_of(source: SourceReport) -> tuple[str, str]:
    """Return what is lost so far, and its style."""
    counts = source.total.counts
    if counts is None:
        return "loss unknown", "dim"
    if not counts.lost:
        return "lost 0", "green"
    least = "" if source.unit == "packets" else f" {source.unit} or more"
    part = share(counts.lost, counts.expected)
    return f"lost {counts.lost:,}{least} ({part})", "red"


def more_of(source: SourceReport, interval: Span) -> list[str]:
    """Return the smaller facts, the most useful ones first."""
    counts, facts = source.total.counts, list[str]()
    if counts is not None:
        facts += [
            _some("gaps", counts.gaps),
            _some("twice", counts.duplicates),
            _some("late", counts.reordered),
            _some("begun anew", counts.restarts),
            _some("astray", counts.strays),
        ]
    if source.jitter_s is not None:
        facts.append(f"jitter {short_time(source.jitter_s)}")
    facts.append(f"silence {short_time(interval.silence_s)}")
    if interval.peak_packets > 1:
        facts.append(f"peak {interval.peak_packets:,} in 10 ms")
    facts += [_ttl(source), _size(source)]
    return [fact for fact in facts if fact]


def here_of(group: GroupReport) -> str:
    """Return what this host has dropped and what is not told apart; or nothing."""
    about = "" if group.dropped_exactly else "about "
    facts = [
        f"{about}{group.dropped:,} dropped on this host" if group.dropped else "",
        f"{group.others:,} from sources not told apart" if group.others else "",
        *(f"{count:,} {reason}" for reason, count in group.refused.items()),
    ]
    return ", ".join(fact for fact in facts if fact)


def problem_text(problem: Problem, limits: Limits) -> str:
    """Return what was demanded and is not so."""
    who = f"{problem.source} to {problem.group}" if problem.source else problem.group
    value = problem.value or 0.0
    match problem.kind:
        case ProblemKind.SILENT:
            return f"{who}: nothing arrived"
        case ProblemKind.LOSS_UNKNOWN:
            return f"{who}: its packets bear no numbers, so loss cannot be known"
        case ProblemKind.LOSS:
            most = 100 * (limits.max_loss or 0.0)
            return f"{who}: {share(value, 1.0)} lost, {most:g} % allowed"
        case ProblemKind.RATE:
            least = bit_rate((limits.min_bits_per_s or 0.0) / 8)
            return f"{who}: {bit_rate(value / 8)} on average, {least} demanded"


def short_time(value: float) -> str:
    """Return ``12 us``, ``1.8 ms``, ``0.2 s``."""
    if value < 0.001:
        return f"{value * 1e6:.0f} us"
    return seconds(value)


def _some(name: str, count: int) -> str:
    return f"{name} {count:,}" if count else ""


def _ttl(source: SourceReport) -> str:
    if source.ttl_range is None:
        return ""
    least, most = source.ttl_range
    return f"ttl {least}" if least == most else f"ttl {least} to {most}"


def _size(source: SourceReport) -> str:
    least, most = source.size_range
    return plural(least, "byte") if least == most else f"{least:,} to {most:,} bytes"
