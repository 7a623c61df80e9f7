import os
import socket
from pathlib import Path

import pytest

from groupwire.diagnose.evidence import owners
from groupwire.diagnose.evidence.owners import find_owners
from groupwire.diagnose.evidence.surroundings import Owner


def _process(proc: Path, pid: int, links: list[str], *, cmdline: bytes = b"") -> None:
    folder = proc / str(pid) / "fd"
    folder.mkdir(parents=True)
    for number, link in enumerate(links):
        (folder / str(number)).symlink_to(link)
    if cmdline:
        (proc / str(pid) / "cmdline").write_bytes(cmdline)


def test_our_own_socket_is_ours() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        inode = os.fstat(own.fileno()).st_ino
        (owner,) = find_owners([inode])[inode]
    assert owner.pid == os.getpid()
    assert owner.name


def test_a_socket_may_have_several_holders(tmp_path: Path) -> None:
    _process(tmp_path, 7, ["socket:[41]", "socket:[42]"], cmdline=b"/usr/bin/rec\0-x")
    _process(tmp_path, 8, ["socket:[42]", "socket:[42]", "/dev/null"])
    (tmp_path / "8" / "comm").write_text("worker\n")
    (tmp_path / "self").mkdir()
    assert find_owners([42, 43], tmp_path) == {
        42: (Owner(7, "rec"), Owner(8, "worker"))
    }


@pytest.mark.parametrize(
    ("cmdline", "name"),
    [
        (b"/usr/bin/python3\0-m\0groupwire\0receive", "python3 -m groupwire"),
        (b"python3.11\0-u\0/opt/receiver.py\0", "python3.11 receiver.py"),
        (b"python3\0-m", "python3"),
        (b"python3\0-u\0-c\0import socket\nwhile True: pass", "python3 -c"),
        (b"x" * 100, "x" * 64),
        (b"python3\0", "python3"),
        (b"", "?"),
    ],
)
def test_a_program_is_named_as_people_know_it(
    tmp_path: Path, cmdline: bytes, name: str
) -> None:
    _process(tmp_path, 7, ["socket:[1]"], cmdline=cmdline)
    assert find_owners([1], tmp_path) == {1: (Owner(7, name),)}


def test_nothing_wanted_nothing_looked_at(tmp_path: Path) -> None:
    assert find_owners([], tmp_path / "missing") == {}
    assert find_owners([1], tmp_path / "missing") == {}


def test_the_look_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _process(tmp_path, 7, ["a", "b", "socket:[1]"])
    monkeypatch.setattr(owners, "MAX_DESCRIPTORS", 0)
    assert find_owners([1], tmp_path) == {}
