import pytest
from tests.norm.send.places import GRTT, NODE, config

from groupwire.norm.send.outbox import Outbox
from groupwire.norm.wire.commands import ApplicationCommand
from groupwire.norm.wire.message import decode
from groupwire.values import Transmit


def test_what_is_put_in_is_taken_out_once_and_in_order() -> None:
    outbox = Outbox(config())
    outbox.put(Transmit(b"first"))
    outbox.put(Transmit(b"second"))
    assert [t.data for t in outbox.take()] == [b"first", b"second"]
    assert outbox.take() == []


def test_commands_are_encoded_and_leave_without_waiting() -> None:
    outbox = Outbox(config())
    number = outbox.composer.number()
    command = ApplicationCommand(number, NODE, outbox.composer.state, b"stop")
    outbox.say(command)
    (transmit,) = outbox.take()
    assert decode(transmit.data) == command


def test_all_that_is_sent_is_paid_for() -> None:
    outbox = Outbox(config())
    outbox.bucket.rate = 100.0
    assert outbox.bucket.ready(0.0)
    outbox.put(Transmit(bytes(50)))
    state = outbox.composer.state
    command = ApplicationCommand(0, NODE, state, bytes(34))  # 16 bytes of header
    outbox.say(command)
    assert outbox.bucket.ready_at(0.0) == pytest.approx(1.0)


def test_the_round_trip_is_what_receivers_are_told() -> None:
    outbox = Outbox(config())
    assert outbox.grtt_s == outbox.composer.state.grtt_s
    assert outbox.grtt_s == pytest.approx(GRTT, rel=0.08)
    outbox.composer.set_grtt(2.0)
    assert outbox.grtt_s == pytest.approx(2.0, rel=0.08)


def test_the_measured_round_trip_begins_as_configured() -> None:
    outbox = Outbox(config(initial_grtt_s=0.3, shortest_grtt_s=0.25))
    assert outbox.grtt.seconds == 0.3
    outbox.grtt.heard(0.1)
    for _ in range(50):
        outbox.grtt.heard(0.1)
        outbox.grtt.round_over()
    assert outbox.grtt.seconds == pytest.approx(0.25)


def test_what_is_commanded_waits_until_it_takes_a_tenth_of_the_rate() -> None:
    outbox = Outbox(config())
    outbox.bucket.rate = 1000.0
    composer = outbox.composer
    command = ApplicationCommand(composer.number(), NODE, composer.state, bytes(80))
    (wait_s,) = {outbox.say(command)}
    (transmit,) = outbox.take()
    assert wait_s == pytest.approx(10 * len(transmit.data) / 1000.0)
