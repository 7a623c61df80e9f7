from groupwire.run import MemoryGroup
from groupwire.values import Transmit

from .loops import run


def test_the_group_hears_and_a_stranger_does_not() -> None:
    group = MemoryGroup()
    a, b, stranger = group.port(), group.port(), group.port(joined=False)
    a.send(Transmit(b"hello"))
    for port in (a, b):
        (datagram,) = port.receive()
        assert (datagram.data, datagram.origin) == (b"hello", a.origin)
        assert str(datagram.group) == "233.252.0.1"
    assert stranger.receive() == []


def test_one_address_hears_what_is_sent_to_it() -> None:
    group = MemoryGroup()
    a, stranger = group.port(), group.port(joined=False)
    a.send(Transmit(b"for you", stranger.origin))
    (datagram,) = stranger.receive()
    assert datagram.group is None
    assert a.receive() == []
    stranger.close()
    a.send(Transmit(b"gone", stranger.origin))
    assert stranger.receive() == []


def test_segments_travel_one_by_one() -> None:
    group = MemoryGroup()
    port = group.port(payload_limit=100)
    port.send(Transmit(b"aaabbbc", segment_bytes=3))
    port.send(Transmit(b""))
    assert [d.data for d in port.receive()] == [b"aaa", b"bbb", b"c", b""]
    assert port.payload_limit == 100
    assert port.dropped == {}


def test_a_closed_port_neither_sends_nor_hears() -> None:
    group = MemoryGroup()
    a, b = group.port(), group.port()
    a.close()
    a.send(Transmit(b"x"))
    b.send(Transmit(b"y"))
    assert a.receive() == []
    assert [d.data for d in b.receive()] == [b"y"]


def test_what_came_before_the_start_wakes_too() -> None:
    async def scene() -> None:
        import asyncio

        group = MemoryGroup()
        port, woken = group.port(), asyncio.Event()
        port.send(Transmit(b"early"))
        port.start(asyncio.get_running_loop(), lambda _: woken.set())
        await woken.wait()
        assert len(port.receive()) == 1
        for _ in range(200):
            port.send(Transmit(b"x"))
        assert len(port.receive()) == 128

    run(scene())


def test_an_address_that_nobody_has_hears_nothing() -> None:
    from groupwire.values import Origin

    group = MemoryGroup()
    port = group.port()
    port.send(Transmit(b"x", Origin("192.0.2.99", 1)))
    assert port.receive() == []
