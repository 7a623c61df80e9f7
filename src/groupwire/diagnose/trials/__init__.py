"""What real datagrams show: loopback, queries, a peer."""

from __future__ import annotations

from groupwire.diagnose.check import Trial

__all__ = ["ALL"]

ALL: tuple[Trial, ...] = ()
"""All run side by side; each returns nothing where the question does not ask for it."""
