"""A report of ``watch`` in the text format that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from groupwire.probe.flow import GroupReport, SourceReport, WatchReport

__all__ = ["metrics"]

_PREFIX = "groupwire_watch_"
_Number: TypeAlias = float | int | None
_Of: TypeAlias = Callable[[SourceReport], _Number]
_OfGroup: TypeAlias = Callable[[GroupReport], _Number]


def _counted(name: str) -> _Of:
    return lambda of: None if (c := of.total.counts) is None else getattr(c, name)


# What comes late makes what is lost less, so that is no counter to Prometheus.
_SOURCES: tuple[tuple[str, str, str, _Of], ...] = (
    ("packets_total", "counter", "Packets received.", lambda of: of.total.packets),
    ("bytes_total", "counter", "Bytes of payload received.", lambda of: of.total.bytes),
    ("lost", "gauge", "Missing by the numbers in the packets.", _counted("lost")),
    ("gaps_total", "counter", "How often numbers were passed over.", _counted("gaps")),
    (
        "duplicates_total",
        "counter",
        "Packets that came again.",
        _counted("duplicates"),
    ),
    (
        "reordered_total",
        "counter",
        "Packets that came behind a later one.",
        _counted("reordered"),
    ),
    (
        "restarts_total",
        "counter",
        "How often the numbers began anew.",
        _counted("restarts"),
    ),
    ("jitter_seconds", "gauge", "How unevenly it arrives.", lambda of: of.jitter_s),
    (
        "longest_silence_seconds",
        "gauge",
        "The longest time without a packet.",
        lambda of: of.total.silence_s,
    ),
    (
        "peak_10ms_packets",
        "gauge",
        "The most packets in 10 ms, in the last interval.",
        lambda of: of.now.peak_packets,
    ),
    ("ttl_hops", "gauge", "TTL of the last packet.", lambda of: of.ttl_hops),
    (
        "last_packet_seconds",
        "gauge",
        "Time since the last packet.",
        lambda of: of.quiet_s,
    ),
)
_GROUPS: tuple[tuple[str, str, str, _OfGroup], ...] = (
    (
        "group_packets_total",
        "counter",
        "Packets received of all sources.",
        lambda of: of.total.packets,
    ),
    (
        "group_bytes_total",
        "counter",
        "Bytes of payload of all sources.",
        lambda of: of.total.bytes,
    ),
    (
        "group_dropped_here_total",
        "counter",
        "Dropped by this host because nobody read fast enough.",
        lambda of: of.dropped,
    ),
    (
        "group_other_packets_total",
        "counter",
        "Packets of sources that are not told apart.",
        lambda of: of.others,
    ),
    (
        "group_sources",
        "gauge",
        "Sources that are told apart.",
        lambda of: len(of.sources),
    ),
)


def metrics(report: WatchReport | None) -> str:
    """Return the page; without a report yet, an empty one."""
    return "".join(f"{line}\n" for line in _lines(report)) if report else "\n"


def _lines(report: WatchReport) -> Iterator[str]:
    for name, kind, text, of_group in _GROUPS:
        yield from _head(name, kind, text)
        for group in report.groups:
            yield from _sample(name, {"group": str(group.group)}, of_group(group))
    for name, kind, text, of_source in _SOURCES:
        yield from _head(name, kind, text)
        for group in report.groups:
            for source in group.sources:
                labels = _labels(report, group, source)
                yield from _sample(name, labels, of_source(source))


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {text}"
    yield f"# TYPE {_PREFIX}{name} {kind}"


def _labels(
    report: WatchReport, group: GroupReport, source: SourceReport
) -> dict[str, str]:
    return {
        "group": str(group.group),
        "source": str(source.source),
        "interface": report.interfaces.get(source.interface, ""),
    }


def _sample(name: str, labels: dict[str, str], value: _Number) -> Iterator[str]:
    if value is None:
        return
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    yield f"{_PREFIX}{name}{{{inside}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
