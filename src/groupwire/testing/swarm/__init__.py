"""Thousands of groups, each drawn from a seed, each held against what NORM promises.

::

    python -m groupwire.testing.swarm --seeds 2000
    python -m groupwire.testing.swarm --replay 4711 --log

A trial is a sender and up to 50 receivers on links that lose, double, reorder, delay
and mutilate; members join late, leave, crash and come back. Whatever happens, nobody
may be handed other bytes than were sent, nothing twice, no acknowledgement may be
untrue, and nobody may wait for ever. Publishers and subscribers have a swarm of their
own, in ``messages``.
"""

from groupwire.testing.swarm.scenario import Life, Scenario
from groupwire.testing.swarm.trial import Outcome, Trial

__all__ = ["Life", "Outcome", "Scenario", "Trial"]
