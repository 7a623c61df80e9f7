from random import Random

import pytest

from groupwire.run import LossyPort, MemoryGroup
from groupwire.values import Datagram, Origin, Transmit

from .loops import run


def lossy(seed: int, **losses: float) -> tuple[LossyPort, MemoryGroup]:
    group = MemoryGroup()
    return LossyPort(group.port(), rng=Random(seed), **losses), group


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_is_lost_and_counted_and_the_same_tenth_again(seed: int) -> None:
    def heard() -> list[bytes]:
        port, group = lossy(seed, receive_loss=0.1)
        sender = group.port(joined=False)
        for n in range(1000):
            sender.send(Transmit(n.to_bytes(2, "big")))
        got = []
        while batch := port.survivors(port._port.receive()):
            got += [d.data for d in batch]
        assert port.dropped["lost-received"] == 1000 - len(got)
        return got

    first = heard()
    assert 860 <= len(first) <= 940
    assert first == heard()


def test_what_is_lost_on_the_way_out_never_arrives() -> None:
    port, group = lossy(1, send_loss=0.5)
    listener = group.port()
    for n in range(100):
        port.send(Transmit(bytes([n])))
    heard = len(listener.receive())
    assert port.dropped["lost-sent"] == 100 - heard
    assert 35 <= heard <= 65


def test_segments_of_one_call_are_lost_one_by_one() -> None:
    port, group = lossy(2, send_loss=0.5)
    listener = group.port()
    port.send(Transmit(b"".join(bytes([n]) * 10 for n in range(60)), segment_bytes=10))
    heard = [d.data for d in listener.receive()]
    assert 15 <= len(heard) <= 45
    assert all(len(set(segment)) == 1 and len(segment) == 10 for segment in heard)


def test_coalesced_segments_are_lost_one_by_one() -> None:
    port, group = lossy(3, receive_loss=0.5)
    inner = port._port
    row = b"".join(bytes([n]) * 10 for n in range(60))
    inner.arrive(Datagram(row, Origin(inner.origin.host, 1), segment_bytes=10))
    (datagram,) = port.survivors(inner.receive())
    kept = [bytes(s) for s in datagram.segments()]
    assert 15 <= len(kept) <= 45
    assert all(len(set(segment)) == 1 for segment in kept)
    assert group is not None


def test_everything_can_be_lost_and_nothing() -> None:
    everything, group = lossy(4, send_loss=1.0)
    listener = group.port()
    everything.send(Transmit(b"x"))
    assert listener.receive() == []
    nothing, group = lossy(4)
    listener = group.port()
    nothing.send(Transmit(b""))
    assert [d.data for d in listener.receive()] == [b""]
    assert nothing.payload_limit == 1472


def test_the_port_inside_is_started_and_closed() -> None:
    async def scene() -> None:
        import asyncio

        port, group = lossy(5)
        woken = asyncio.Event()
        port.start(asyncio.get_running_loop(), lambda _: woken.set())
        group.port(joined=False).send(Transmit(b"x"))
        await woken.wait()
        port.close()
        assert port.survivors(port._port.receive()) == []

    run(scene())
