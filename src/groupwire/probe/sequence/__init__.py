"""What the numbers in packets tell: what is missing, came twice, or came late."""

from groupwire.probe.sequence.columns import is_constant, runs
from groupwire.probe.sequence.continuity import ContinuityMeter
from groupwire.probe.sequence.meter import SequenceCounts, SequenceMeter

__all__ = ["ContinuityMeter", "SequenceCounts", "SequenceMeter", "is_constant", "runs"]
