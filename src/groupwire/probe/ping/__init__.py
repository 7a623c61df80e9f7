"""What a ping counts: each way for itself, and all members of a group."""

from groupwire.probe.ping.leg import Answered, Leg
from groupwire.probe.ping.roll import MAX_MEMBERS, MemberPinged, Roll, Told

__all__ = ["MAX_MEMBERS", "Answered", "Leg", "MemberPinged", "Roll", "Told"]
