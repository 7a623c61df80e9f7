"""RTP for MPEG transport streams (RFC 3550, RFC 2250): made, and read in order."""

from groupwire.media.rtp.packet import MP2T, RtpPacket
from groupwire.media.rtp.packing import RtpPacker
from groupwire.media.rtp.reading import MediaReader, ReaderStats
from groupwire.media.rtp.window import ReorderWindow

__all__ = [
    "MP2T",
    "MediaReader",
    "ReaderStats",
    "ReorderWindow",
    "RtpPacker",
    "RtpPacket",
]
