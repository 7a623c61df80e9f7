"""What the numbers in a sender's messages mean: unwrapped, and of which length."""

from __future__ import annotations

from groupwire.norm.numbers import unwrap
from groupwire.norm.receive.admission import Admission
from groupwire.norm.receive.catalogue import Catalogue
from groupwire.norm.receive.incoming import Incoming
from groupwire.norm.receive.stream import IncomingStream
from groupwire.norm.repair.requests import Numbering

__all__ = ["Numbers"]


class Numbers:
    """Knows objects by what is under way of them."""

    def __init__(self, catalogue: Catalogue, admission: Admission) -> None:
        self._catalogue = catalogue
        self._admission = admission
        self.numbering = Numbering(catalogue.number, self.block, self.length)
        """For requests."""

    def block(self, number: int, bits: int) -> int:
        """Return the block of an object that is meant; those of streams wrap."""
        stream = self._catalogue.under_way.get(number)
        if not isinstance(stream, IncomingStream):
            return bits
        return unwrap(bits, stream.block, stream.block_bits)

    def length(self, number: int, block: int) -> int:
        """Return the source symbols of a block, the most there are if unknown."""
        incoming, coding = self._catalogue.under_way.get(number), self._admission.coding
        if isinstance(incoming, Incoming) and block < incoming.partition.blocks:
            return incoming.partition.length(block)
        return coding.block if coding is not None else 0
