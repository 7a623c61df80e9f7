"""Cores in motion: drivers, ports, the clock."""

from groupwire.run.driver import Core, Driver
from groupwire.run.lossy import LossyPort
from groupwire.run.memory import MemoryGroup, MemoryPort
from groupwire.run.port import Port
from groupwire.run.udp import UdpPort

__all__ = [
    "Core",
    "Driver",
    "LossyPort",
    "MemoryGroup",
    "MemoryPort",
    "Port",
    "UdpPort",
]
