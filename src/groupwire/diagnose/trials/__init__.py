"""What real datagrams show: loopback, queries, a peer."""

from __future__ import annotations

from groupwire.diagnose.check import Trial
from groupwire.diagnose.trials.arrivals import Arrivals
from groupwire.diagnose.trials.loopback import Loopback
from groupwire.diagnose.trials.peer.visit import Peer
from groupwire.diagnose.trials.queries import Queries
from groupwire.diagnose.trials.soak import Soak

__all__ = ["ALL"]

ALL: tuple[Trial, ...] = (
    Arrivals(),
    Loopback(),
    Queries(),
    Peer(),
    Soak(),
)
"""In the order in which their results are judged; they run side by side."""
