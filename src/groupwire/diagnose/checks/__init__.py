"""The checks: each looks at one thing and knows what mends it.

``links`` and ``machine`` judge what the system tells, the others what trials showed.
"""

from __future__ import annotations

from groupwire.diagnose.check import Check
from groupwire.diagnose.checks.links import (
    LinkStates,
    ReversePath,
    Routes,
    Sizes,
    Versions,
)
from groupwire.diagnose.checks.machine import (
    Addressing,
    Arriving,
    Buffers,
    Drops,
    Limits,
    Listeners,
    Places,
    Rules,
)
from groupwire.diagnose.checks.trials import (
    HearingOneself,
    Queriers,
    Silence,
    TwoEnds,
)

__all__ = ["ALL"]

ALL: tuple[Check, ...] = (
    LinkStates(),
    Routes(),
    Addressing(),
    Rules(),
    ReversePath(),
    Limits(),
    Drops(),
    Buffers(),
    Listeners(),
    Sizes(),
    Versions(),
    Arriving(),
    HearingOneself(),
    TwoEnds(),
    Silence(),
    Queriers(),
    Places(),
)
"""In the order in which findings of one severity are shown."""
