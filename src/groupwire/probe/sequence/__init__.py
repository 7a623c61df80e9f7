"""What the numbers in packets tell: what is missing, came twice, or came late."""

from groupwire.probe.sequence.meter import SequenceCounts, SequenceMeter

__all__ = ["SequenceCounts", "SequenceMeter"]
