"""What comes to groups, by source: how much, how evenly, and what is missing."""

from groupwire.probe.flow.report import GroupReport, SourceReport, Span, WatchReport
from groupwire.probe.flow.table import FlowTable

__all__ = ["FlowTable", "GroupReport", "SourceReport", "Span", "WatchReport"]
