import os
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from groupwire.diagnose.evidence import gather, gather_again, gathering
from groupwire.diagnose.evidence.surroundings import LinkFacts
from groupwire.errors import MachineError
from groupwire.values import Interface


def test_this_machine_tells_of_itself() -> None:
    ip = ip_address("127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 5000)
        own.bind(("127.0.0.1", 0))
        port = own.getsockname()[1]
        before = gather([ip])
        after = gather_again(before)
        size = own.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    loopback = before.named(before.routes[ip])
    assert loopback is not None
    assert loopback.loopback
    assert before.facts(loopback).received >= 0
    for moment in (before, after):
        (found,) = [one for one in moment.sockets if one.port == port]
        assert os.getpid() in {owner.pid for owner in found.owners}
        assert found.buffer_bytes in {size, None}
    assert after.place is before.place
    assert after.settings == before.settings


def test_of_strangers_nothing_is_known() -> None:
    moment = gather()
    stranger = Interface("nosuch", 4_000_000)
    assert moment.facts(stranger) == LinkFacts(index=4_000_000)
    assert moment.named(4_000_000) is None
    assert moment.named(None) is None


def test_a_system_without_tables_tells_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_NET", tmp_path)
    moment = gather()
    assert (moment.sockets, moment.filtered, moment.matched) == ((), (), {})


def test_a_system_that_tells_nothing_cannot_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_NET", tmp_path / "missing")
    with pytest.raises(MachineError, match="does not tell"):
        gather()


def test_the_line_that_fits_best_is_the_one_that_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same in any order of octets.
    line = "eth0\t{}\t0\t1\t0\t0\t0\t{}\t0\t0\t0\n"
    text = line.format("00000000", "00000000") + line.format("07070707", "FFFFFFFF")
    (tmp_path / "route").write_text(text)
    monkeypatch.setattr(gathering, "_NET", tmp_path)
    own, other = ip_address("7.7.7.7"), ip_address("9.9.9.9")
    matched = gather([own, other, ip_address("ff02::1")]).matched
    assert {str(ip): str(one) for ip, one in matched.items()} == {
        "7.7.7.7": "7.7.7.7/32",
        "9.9.9.9": "0.0.0.0/0",
    }
