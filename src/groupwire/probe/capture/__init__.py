"""Capture files: what was received, as Wireshark reads it, and what it wrote, read."""

from groupwire.probe.capture.packet import Packet
from groupwire.probe.capture.reader import CaptureReader
from groupwire.probe.capture.writer import CaptureWriter

__all__ = ["CaptureReader", "CaptureWriter", "Packet"]
