"""The checks: each looks at one thing and knows what mends it.

``links`` and ``machine`` judge what the system tells, the others what trials showed.
"""

from __future__ import annotations

from groupwire.diagnose.check import Check

__all__ = ["ALL"]

ALL: tuple[Check, ...] = ()
"""In the order in which findings of one severity are shown."""
