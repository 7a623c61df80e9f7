"""Groups of publishers and subscribers, drawn from a seed, held against their promises.

::

    python -m groupwire.testing.swarm --messages --seeds 2000
    python -m groupwire.testing.swarm --messages --replay 4711 --log

Whatever a network does: the messages of a publisher come in their order, none twice,
each that is lacking is told, and nobody waits for ever.
"""

from groupwire.testing.swarm.messages.play import Outcome, Play
from groupwire.testing.swarm.messages.world import World

__all__ = ["Outcome", "Play", "World"]
