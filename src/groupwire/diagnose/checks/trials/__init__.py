"""Checks of what real datagrams showed: loopback, queries, a peer, a long watch."""

from __future__ import annotations

from groupwire.diagnose.checks.trials.hearing_oneself import HearingOneself
from groupwire.diagnose.checks.trials.queriers import Queriers
from groupwire.diagnose.checks.trials.silence import Silence
from groupwire.diagnose.checks.trials.two_ends import TwoEnds

__all__ = ["HearingOneself", "Queriers", "Silence", "TwoEnds"]
