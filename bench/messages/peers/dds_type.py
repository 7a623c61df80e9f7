"""The type that Cyclone DDS has to know beforehand."""

from dataclasses import dataclass

from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import sequence, uint8

__all__ = ["Message"]


@dataclass
class Message(IdlStruct, typename="bench.Message"):
    data: sequence[uint8]
