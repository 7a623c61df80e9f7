"""What the system tells of itself: firewall, limits, sockets, where it stands."""

from __future__ import annotations

from groupwire.diagnose.checks.machine.addressing import Addressing
from groupwire.diagnose.checks.machine.arriving import Arriving
from groupwire.diagnose.checks.machine.firewall import Rules
from groupwire.diagnose.checks.machine.limits import Limits
from groupwire.diagnose.checks.machine.places import Places
from groupwire.diagnose.checks.machine.sockets import Buffers, Drops, Listeners

__all__ = [
    "Addressing",
    "Arriving",
    "Buffers",
    "Drops",
    "Limits",
    "Listeners",
    "Places",
    "Rules",
]
