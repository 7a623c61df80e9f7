"""Groups with libnorm1 in them: acknowledgements, NACKs to one, who comes and goes."""

from __future__ import annotations

import pytest
from tests.interop.norm import (
    BOTH_WAYS,
    GROUP,
    LIBNORM,
    NEEDS_LIBNORM,
    OURS,
    Packet,
    Way,
    Wire,
    ack_status,
    digests,
    exchange,
    finished,
    let_go,
    objects,
    receiver,
    sender,
    understood,
)
from tests.lab.harness import Laboratory

from groupwire.norm.wire.commands import RepairAdvertisement, Squelch
from groupwire.norm.wire.feedback import Nack
from groupwire.norm.wire.repairs import RepairForm, RepairLevel

pytestmark = NEEDS_LIBNORM


@BOTH_WAYS
def test_an_absent_node_fails_while_the_present_one_succeeds(
    lab: Laboratory, way: Way
) -> None:
    sent, received = exchange(lab, way, "--ack", "2,12", "--robust", 30)
    assert ack_status(sent) == {2: "SUCCESS", 12: "FAILURE"}
    assert objects(received) == digests(size=10_000)


@pytest.mark.parametrize("program", [OURS, LIBNORM])
def test_one_sender_serves_both_implementations_at_once(
    lab: Laboratory, program: str
) -> None:
    a, b, c = lab.segment(3)
    what = {"size": 200_000, "count": 2}
    lossy = ("--count", 2, "--rx-loss", 5)
    listening = [
        receiver(b, OURS, *lossy, "--node", 2),
        receiver(c, LIBNORM, *lossy, "--node", 3),
    ]
    options = [f"--{name}={value}" for name, value in what.items()]
    sending = sender(a, program, *options, "--ack", "2,3")
    sent, *received = finished(sending, *listening)
    assert ack_status(sent) == {2: "SUCCESS", 3: "SUCCESS"}
    assert [objects(told) for told in received] == [digests(**what)] * 2
    understood(sent, *received)


@BOTH_WAYS
def test_nacks_to_the_sender_alone_are_advertised_to_all(
    lab: Laboratory, way: Way
) -> None:
    a, b = lab.segment(2)
    with Wire(a) as wire:
        sent, received = exchange(
            lab,
            way,
            *("--size", 300_000, "--parity", 0, "--ack", 2),
            receiving=["--unicast-nacks", "--rx-loss", 5, "--sync", "stream"],
            hosts=[a, b],
        )
        packets = wire.packets()
    assert ack_status(sent) == {2: "SUCCESS"}
    assert objects(received) == digests(size=300_000)
    nacks = _of(packets, Nack)
    assert nacks
    assert {packet.to for packet in nacks} == {a.v4}
    told = _of(packets, RepairAdvertisement)
    assert {packet.to for packet in told} == {GROUP}
    asked = _places(nacks[0])
    assert asked
    assert asked in [_places(packet) for packet in told]


def _of(packets: list[Packet], kind: type) -> list[Packet]:
    return [packet for packet in packets if isinstance(packet.message, kind)]


def _places(packet: Packet) -> set[tuple[int, int, int]]:
    """Return the segments that are asked for, by object, block and symbol."""
    message, places = packet.message, set[tuple[int, int, int]]()
    assert isinstance(message, Nack | RepairAdvertisement)
    for request in message.requests:
        assert request.level is RepairLevel.SEGMENT
        step = 2 if request.form is RepairForm.RANGES else 1
        pairs = zip(request.items[::step], request.items[step - 1 :: step], strict=True)
        for first, last in pairs:
            where = first.payload_id
            symbols = range(where.symbol, last.payload_id.symbol + 1)
            places |= {(first.object_id, where.block, symbol) for symbol in symbols}
    return places


@BOTH_WAYS
@pytest.mark.parametrize("sync", ["all", "current"])
def test_who_joins_late_gets_what_it_wants(
    lab: Laboratory, way: Way, sync: str
) -> None:
    a, b = lab.segment(2)
    # A fifth of a second for each object.
    what = {"size": 25_000, "count": 6}
    options = [f"--{name}={value}" for name, value in what.items()]
    least = what["count"] if sync == "all" else 1
    listening = receiver(b, way.receiver, "--sync", sync, "--count", least)
    b.link.cut()
    sending = sender(a, way.sender, *options, "--rate", 1e6, "--ack", 2)
    for _ in range(2):
        sending.line('"sent"')
    b.link.heal()
    sent, received = finished(sending, listening)
    assert ack_status(sent) == {2: "SUCCESS"}
    if sync == "all":
        assert objects(received) == digests(**what)
    else:
        got = len(objects(received))
        missed = what["count"] - got
        assert 0 < missed < what["count"]
        assert objects(received) == digests(size=what["size"], count=got, seed=missed)
    assert not received.all("aborted")
    understood(sent, received)


@BOTH_WAYS
def test_what_the_sender_cancels_is_given_up_and_the_rest_goes_on(
    lab: Laboratory, way: Way
) -> None:
    a, b = lab.segment(2)
    what = {"size": 100_000, "count": 2}
    options = [f"--{name}={value}" for name, value in what.items()]
    options += ["--parity", "0", "--robust", "5"]
    lossy = ("--rx-loss", 20, "--sync", "stream", "--count", 1)
    listening = receiver(b, way.receiver, *lossy)
    with Wire(a) as wire:
        # Of both objects something is lacking, but nobody hears that until the sender
        # has flushed and cancelled the first.
        b.link.lose(0.999_999, away=True)
        sending = sender(a, way.sender, *options, "--cancel", 0, "--hold", 20)
        sending.line('"cancelled"')
        b.link.heal()
        listening.line('"aborted"')
        listening.line('"object"')
        told = [p.message for p in wire.packets() if isinstance(p.message, Squelch)]
    sending.close()
    (received,) = let_go(listening)
    assert [line["id"] for line in received.all("aborted")] == [0]
    assert objects(received) == digests(size=100_000, count=1, seed=1)
    assert told
    understood(received)


@BOTH_WAYS
def test_a_sender_that_restarts_is_another_instance(lab: Laboratory, way: Way) -> None:
    a, b = lab.segment(2)
    listening = receiver(b, way.receiver, "--sync", "stream", "--count", 3)
    # It ends in the midst of its second object, after half a second.
    first = ("--size", 60_000, "--count", 2, "--rate", 1e6, "--instance", 1)
    dying = sender(a, way.sender, *first)
    listening.line('"object"')
    dying.close()
    again = ("--size", 50_000, "--count", 2, "--seed", 40, "--instance", 2)
    sent, received = finished(sender(a, way.sender, *again, "--ack", 2), listening)
    assert ack_status(sent) == {2: "SUCCESS"}
    one, two = digests(size=60_000), digests(size=50_000, count=2, seed=40)
    assert objects(received) == sorted(one + two)
    understood(received)


def test_a_libnorm_that_controls_congestion_gets_the_feedback_that_it_waits_for(
    lab: Laboratory,
) -> None:
    # It begins with a segment in a round trip, and goes on as its receivers tell.
    options = ("--cc", "--size", 300_000, "--ack", 2, "--rate", 1e6)
    lossy = ("--rx-loss", 1)
    sent, received = exchange(lab, Way(LIBNORM, OURS), *options, receiving=lossy)
    assert ack_status(sent) == {2: "SUCCESS"}
    assert objects(received) == digests(size=300_000)
    assert sent.all("cc-active")
    rates = [line["bits_per_s"] for line in sent.all("rate")]
    assert max(rates) > 10 * rates[0]
    # One that believed to be without receivers would have stayed at a second.
    assert sent.all("grtt")[-1]["seconds"] < 0.1
