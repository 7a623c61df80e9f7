"""Messages to subscribers, beside the libraries that people use instead."""

from __future__ import annotations

from . import flood, loss, paced, pipe, subscribers

__all__ = ["CASES"]

CASES = (*flood.CASES, paced.CASE, loss.CASE, pipe.CASE, subscribers.CASE)
