import pytest
from tests.deliver.fakes import MemoryFile

from groupwire.deliver.pull.files.gate import Gate


def test_an_open_gate_is_the_sink_behind_it() -> None:
    file = MemoryFile()
    gate = Gate(file)
    gate.write(2, [b"ab", b"c"])
    assert gate.read(2, 3) == b"abc"
    assert gate.held == [(2, 3)]
    assert gate.have_bytes == 3


def test_a_closed_gate_refuses_like_a_disk() -> None:
    gate = Gate(MemoryFile())
    gate.closed = True
    with pytest.raises(OSError, match="wanted no more"):
        gate.write(0, [b"a"])
    assert gate.have_bytes == 0
