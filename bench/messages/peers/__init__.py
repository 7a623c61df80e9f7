"""The libraries that people use instead, each as its own documentation has it."""

from __future__ import annotations

from .bare import BARE, BARE_ASYNCIO
from .bound import BOUND, BOUND_IN_BATCHES
from .dds import DDS
from .lcm import LCM
from .nats import NATS
from .norm import NORM
from .zenoh import ZENOH
from .zeromq import ZMQ, ZMQ_UNBOUNDED

__all__ = ["BARE", "BARE_ASYNCIO", "DDS", "PEERS"]

PEERS = (
    BOUND,
    BOUND_IN_BATCHES,
    BARE,
    BARE_ASYNCIO,
    LCM,
    ZMQ,
    ZMQ_UNBOUNDED,
    ZENOH,
    DDS,
    NATS,
    NORM,
)
