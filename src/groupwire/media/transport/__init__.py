"""MPEG transport streams (ISO 13818-1): whole packets, their clock, their pace."""

from groupwire.media.transport.clock import CLOCK_HZ, PCR_MODULUS, Tick, ticks_in
from groupwire.media.transport.framing import TsFramer, is_transport
from groupwire.media.transport.pacing import Departure, Timetable

__all__ = [
    "CLOCK_HZ",
    "PCR_MODULUS",
    "Departure",
    "Tick",
    "Timetable",
    "TsFramer",
    "is_transport",
    "ticks_in",
]
