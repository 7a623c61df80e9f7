"""Measured traffic: numbered, stamped datagrams, and what a receiver makes of them."""

from groupwire.probe.load.clock import ClockOffset, Exchange, best_offset
from groupwire.probe.load.delays import Delays
from groupwire.probe.load.load import HEAD_BYTES, LoadHead
from groupwire.probe.load.pace import Pace
from groupwire.probe.load.report import LoadReport
from groupwire.probe.load.runs import Runs

__all__ = [
    "HEAD_BYTES",
    "ClockOffset",
    "Delays",
    "Exchange",
    "LoadHead",
    "LoadReport",
    "Pace",
    "Runs",
    "best_offset",
]
