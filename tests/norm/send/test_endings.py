"""How a sender ends, what it waits for, and for whom not."""

from tests.norm.send.places import GRTT, Stage, config, lacks, numbered

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.send.events import WatermarkEnded
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.commands import CongestionProbe, EndOfTransmission

FAILURE = AckStatus.FAILURE


def test_after_its_end_a_sender_is_silent() -> None:
    stage = Stage(robust=3)
    stage.send(numbered(50))
    stage.do(stage.sender.finish)
    stage.run(20.0)
    assert isinstance(stage.heard[-1][1], EndOfTransmission)
    assert stage.sender.poll_timeout() is None
    stage.send(numbered(50))
    assert stage.sender.poll_timeout() is not None
    stage.run(1.0)
    assert any(isinstance(m, CongestionProbe) for t, m in stage.heard if t > 20.0)


def test_who_asks_without_end_keeps_the_dead_alive_for_a_while_only() -> None:
    stage = Stage(robust=3, patience_s=0.0)
    stage.send(numbered(50))
    stage.do(stage.sender.watermark, [5])
    for _ in range(1000):
        stage.nack(lacks(0, 0, 0), node=6)
        stage.run(GRTT / 2)
    assert stage.happened(WatermarkEnded) == [WatermarkEnded(0, {5: FAILURE})]


def test_without_a_control_the_rate_adapts() -> None:
    sender = Sender(config())
    assert 0 < sender.rate_bytes_per_s < 1e9
    assert Sender(config(), FixedRate(1e9)).rate_bytes_per_s == 1e9
