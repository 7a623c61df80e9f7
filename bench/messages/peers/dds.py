"""Eclipse Cyclone DDS over multicast: reliable, and everything is kept."""

from __future__ import annotations

import os
from typing import Any

from ..peer import Peer, Publisher, Subscriber, Taken
from .wheel import wheel

__all__ = ["DDS"]

_CONFIG = """<CycloneDDS><Domain><General><Interfaces>
<NetworkInterface name="lo" multicast="true"/></Interfaces>
<AllowMulticast>true</AllowMulticast></General></Domain></CycloneDDS>"""
_AT_ONCE = 1000


class _Publisher(Publisher):
    def open(self) -> None:
        self._participant, topic, qos = _topic()
        from cyclonedds.pub import DataWriter

        from .dds_type import Message

        self._message = Message
        self._writer = DataWriter(self._participant, topic, qos=qos)

    def send(self, data: bytes) -> None:
        self._writer.write(self._message(data))


class _Subscriber(Subscriber):
    def open(self) -> None:
        self._participant, topic, qos = _topic()
        from cyclonedds.sub import DataReader

        self._reader = DataReader(self._participant, topic, qos=qos)

    def take(self, taken: Taken) -> None:
        from cyclonedds.core import ReadCondition, SampleState, WaitSet
        from cyclonedds.util import duration

        waiting = WaitSet(self._participant)
        waiting.attach(ReadCondition(self._reader, SampleState.Any))
        while waiting.wait(duration(seconds=taken.order.silence_s)):
            for sample in self._reader.take(N=_AT_ONCE):
                if taken.add(bytes(sample.data)):
                    taken.end()
                    return
            taken.end()


def _topic() -> Any:
    os.environ["CYCLONEDDS_URI"] = _CONFIG
    from cyclonedds.core import Policy, Qos
    from cyclonedds.domain import DomainParticipant
    from cyclonedds.topic import Topic
    from cyclonedds.util import duration

    from .dds_type import Message

    qos = Qos(
        Policy.Reliability.Reliable(max_blocking_time=duration(seconds=10)),
        Policy.History.KeepAll,
    )
    participant = DomainParticipant(0)
    return participant, Topic(participant, "bench", Message, qos=qos), qos


DDS = Peer("Cyclone DDS, reliable", _Publisher, _Subscriber, wheel("cyclonedds"))
