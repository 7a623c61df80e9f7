"""What comes for a group, counted on loopback."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.cli.running import free_port

from groupwire.diagnose.asking import ask
from groupwire.diagnose.check import Question
from groupwire.diagnose.trials import arrivals
from groupwire.diagnose.trials.arrivals import Arrivals, source_of
from groupwire.diagnose.trials.came import Came
from groupwire.diagnose.trials.loopback import TEXT
from groupwire.diagnose.trials.tap import Tapped
from groupwire.diagnose.trials.wire.speech import Probe, encode
from groupwire.errors import MachineError
from groupwire.gather.tagged import Kind, Tagged

_GROUP = "239.255.42.99"


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch) -> Question:
    """Ask about a free port on loopback, and wait for a moment only."""
    monkeypatch.setattr(arrivals, "WATCH_S", 0.1)
    return ask(f"{_GROUP}:{free_port()}", "lo")


def _came(question: Question, *datagrams: bytes) -> Sequence[Came]:
    async def trying() -> Sequence[Came]:
        trial = asyncio.create_task(Arrivals().run(question, asyncio.Event()))
        await asyncio.sleep(0.02)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            out = socket.inet_aton("127.0.0.1")
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, out)
            for data in datagrams:
                sender.sendto(data, (_GROUP, question.group.port))
        return await trial

    return asyncio.run(trying())


def test_what_came_is_counted_with_who_sent_it(question: Question) -> None:
    (came,) = _came(question, b"a", b"b", b"c")
    assert (came.interface, came.heard) == ("lo", 3)
    assert came.sources == (ip_address("127.0.0.1"),)
    assert (came.join_error, came.port_taken) == (0, False)


def test_tests_of_doctors_are_told_apart(question: Question) -> None:
    said = Tagged(Kind.MESSAGE, 1, TEXT).encode()
    probe = encode(Probe(7, 0), 1, kind=Kind.MESSAGE)
    other = Tagged(Kind.MESSAGE, 1, b"hello").encode()
    (came,) = _came(question, said, probe, other, b"plain")
    assert (came.heard, came.tests) == (4, 2)


class _Wire:
    """A tap on loopback that sees one packet."""

    def __init__(self, *_: object) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near.send(b"!")

    def fileno(self) -> int:
        return self.far.fileno()

    def read(self) -> list[Tapped]:
        self.far.recv(1)
        port = int(self.port)
        return [Tapped(_packet(port), outgoing=False, interface="lo")]

    def close(self) -> None:
        self.near.close()
        self.far.close()

    port = 0


def test_what_passes_the_wire_is_counted_beside_what_is_heard(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "Tap", _Wire)
    monkeypatch.setattr(_Wire, "port", question.group.port)
    (came,) = _came(replace(question, root=True))
    assert (came.heard, came.on_wire) == (0, 1)
    assert came.unheard == (ip_address("10.0.0.7"),)


def test_what_rp_filter_threw_away_meanwhile_is_told(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = iter([5, 12])
    monkeypatch.setattr(arrivals, "reverse_path_drops", lambda: next(counted))
    (came,) = _came(question)
    assert came.reverse_path == 7


def test_senders_are_kept_up_to_a_limit(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MOST_SOURCES", 0)
    (came,) = _came(question, b"a")
    assert (came.heard, came.sources) == (1, ())


def test_who_was_seen_and_never_heard_is_told(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = arrivals.Ear(question, question.receive_on[0])
    heard, seen = ip_address("10.0.0.1"), ip_address("10.0.0.2")
    ear.heard_from.add(heard)
    ear.seen_from.update([heard, seen])
    assert (ear.came().sources, ear.came().unheard) == ((heard, seen), (seen,))
    monkeypatch.setattr(arrivals, "MOST_SOURCES", 1)
    assert ear.came().unheard == ()
    ear.close()


def test_a_port_that_another_holds_alone_is_a_fact(question: Question) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as selfish:
        selfish.bind(("", question.group.port))
        (came,) = _came(question)
    assert came.port_taken


@pytest.mark.parametrize(
    ("cause", "number"), [(OSError(105, "no buffer"), 105), (None, -1)]
)
def test_a_join_that_is_refused_is_a_fact(
    question: Question,
    monkeypatch: pytest.MonkeyPatch,
    cause: OSError | None,
    number: int,
) -> None:
    def refuse(*_: object) -> None:
        raise MachineError("no") from cause

    monkeypatch.setattr(arrivals.MulticastReceiver, "join", refuse)
    (came,) = _came(question)
    assert came.join_error == number


def test_without_root_nobody_looks_at_the_wire(question: Question) -> None:
    (came,) = _came(replace(question, root=False))
    assert came.on_wire is None


def test_a_wire_that_may_not_be_looked_at_is_not_seen(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(arrivals, "Tap", refuse)
    (came,) = _came(replace(question, root=True))
    assert came.on_wire is None


def test_a_source_specific_group_without_its_source_is_not_joined() -> None:
    assert _came(ask("232.1.1.1:5000", "lo")) == []


def _packet(port: int = 5000) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 28, 0, 0, 1, 17, 0)
    ends = socket.inet_aton("10.0.0.7") + socket.inet_aton(_GROUP)
    return head + ends + struct.pack("!HHHH", 9, port, 8, 0)


def test_who_sent_a_packet_stands_in_its_header() -> None:
    assert source_of(Tapped(_packet(), outgoing=False), 5000) == ip_address("10.0.0.7")
    six = bytes([0x60]) + bytes(7) + ip_address("fd00::7").packed
    six += ip_address("ff15::1").packed + struct.pack("!HHHH", 9, 5000, 8, 0)
    assert source_of(Tapped(six, outgoing=False), 5000) == ip_address("fd00::7")


@pytest.mark.parametrize(
    "tapped",
    [
        Tapped(_packet(), outgoing=True),
        Tapped(b"", outgoing=False),
        Tapped(_packet()[:22], outgoing=False),
        Tapped(_packet(port=1), outgoing=False),
    ],
)
def test_what_is_not_for_our_port_has_no_sender(tapped: Tapped) -> None:
    assert source_of(tapped, 5000) is None
