import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from groupwire.deliver.digest import receipt_digest

ROOT = Path(__file__).parents[2]
NAMES = ["b", "a/b", "a b", "a-b", "Z", "-n", "\xe9", "\U0001f600", "\uffee", "a\\b"]


def test_of_one_file_it_is_its_own() -> None:
    assert receipt_digest([("any/name", b"\7" * 32)]) == b"\7" * 32


def test_of_no_file_it_is_that_of_nothing() -> None:
    assert receipt_digest([]) == sha256(b"").digest()


def test_of_several_it_is_that_of_their_lines_in_order() -> None:
    lines = f"{'01' * 32}  a\n{'02' * 32}  b\n".encode()
    files = [("b", b"\2" * 32), ("a", b"\1" * 32)]
    assert receipt_digest(files) == sha256(lines).digest()


def test_names_are_part_of_it() -> None:
    first, second = ("a", b"\1" * 32), ("b", b"\2" * 32)
    other = receipt_digest([("a", second[1]), ("b", first[1])])
    assert receipt_digest([first, second]) != other


@pytest.mark.skipif(
    not all(map(shutil.which, ("sha256sum", "find", "xargs", "sort"))),
    reason="needs sha256sum, find, xargs and sort",
)
def test_the_command_of_the_page_says_the_same(tmp_path: Path) -> None:
    files: list[tuple[str, bytes]] = []
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.fsencode(name))
        files.append((name, sha256(os.fsencode(name)).digest()))
    (tmp_path / ".groupwire").mkdir()
    (tmp_path / ".groupwire/partial").touch()
    page = (ROOT / "docs/delivery.md").read_text()
    command = page[page.index("find . -path") :].split("```")[0]
    printed = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    assert printed.split()[0].decode() == receipt_digest(files).hex()
