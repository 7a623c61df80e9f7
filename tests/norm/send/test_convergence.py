from collections.abc import Sequence
from random import Random

import pytest
from tests.norm.send.places import (
    SMALL,
    Stage,
    lacks,
)

from groupwire.norm.fec.code import ReedSolomon
from groupwire.norm.partition import Partition
from groupwire.norm.wire.objects import Data
from groupwire.norm.wire.repairs import RepairRequest


class Plain:
    """Keeps what arrives of one object, and asks for the lowest of what it lacks."""

    def __init__(self, node: int, size_bytes: int, loss: float) -> None:
        self.node = node
        self.partition = Partition.of(size_bytes, SMALL.segment_bytes, SMALL.block)
        self.blocks: list[dict[int, bytes]] = [{} for _ in range(self.partition.blocks)]
        self._loss = loss
        self._rng = Random(node)

    def hear(self, messages: Sequence[Data]) -> None:
        for data in messages:
            if self._rng.random() >= self._loss:
                where = data.payload_id
                self.blocks[where.block][where.symbol] = bytes(data.payload)

    def requests(self) -> list[RepairRequest]:
        wanted: list[RepairRequest] = []
        for block, have in enumerate(self.blocks):
            length = self.partition.length(block)
            lacking = [n for n in range(length + SMALL.parity) if n not in have]
            if len(have) < length:
                wanted.append(lacks(0, block, *lacking[: length - len(have)]))
        return wanted

    def data(self) -> bytes:
        code = ReedSolomon(SMALL.block, SMALL.parity)
        parts: list[bytes] = []
        for block, have in enumerate(self.blocks):
            length = self.partition.length(block)
            source = {n: symbol for n, symbol in have.items() if n < length}
            parity = {n - length: s for n, s in have.items() if n >= length}
            source |= code.decode(length, source, parity, SMALL.segment_bytes)
            parts += [source[n] for n in range(length)]
        return b"".join(parts)[: self.partition.size_bytes]


@pytest.mark.parametrize("auto_parity", [0, 1, 3])
@pytest.mark.parametrize("loss", [0.1, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_lost_comes_in_the_end(
    seed: int, loss: float, auto_parity: int
) -> None:
    stage = Stage(auto_parity=auto_parity)
    data = Random(seed).randbytes(395)
    receivers = [Plain(10 + 10 * seed + n, len(data), loss) for n in range(3)]
    stage.send(data)
    for _ in range(40):
        stage.run(8 * stage.sender.grtt_s)
        arrived = stage.take(Data)
        for receiver in receivers:
            receiver.hear(arrived)
        for receiver in receivers:
            if requests := receiver.requests():
                stage.nack(*requests, node=receiver.node)
    assert [receiver.data() == data for receiver in receivers] == [True] * 3
