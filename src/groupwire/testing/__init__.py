"""A hostile network without a network: virtual time, seeded faults, a lab of members.

::

    lab = Lab(seed=7)
    sender = lab.add("sender", Sender(config, control), up=Faults(loss=0.1))
    for number in range(100):
        lab.add(f"r{number}", Receiver(...), down=Faults(loss=0.05, delay_s=0.02))
    lab.run(until=60.0)

Two runs with the same seed write the same log, byte for byte.
"""

from groupwire.testing.clock import Clock
from groupwire.testing.crowd import Crowd
from groupwire.testing.faults import Faults
from groupwire.testing.lab import Core, Lab, Member, StuckError
from groupwire.testing.link import Link
from groupwire.testing.log import Log

__all__ = [
    "Clock",
    "Core",
    "Crowd",
    "Faults",
    "Lab",
    "Link",
    "Log",
    "Member",
    "StuckError",
]
