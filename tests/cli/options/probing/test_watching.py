from __future__ import annotations

from pathlib import Path

import pytest

from groupwire.cli.options.probing.watching import (
    listed_groups,
    metrics_address,
)
from groupwire.errors import UsageError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (None, None),
        ("9100", ("127.0.0.1", 9100)),
        ("0.0.0.0:9100", ("0.0.0.0", 9100)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_a_bare_port_is_that_of_loopback(
    text: str | None, address: tuple[str, int] | None
) -> None:
    assert metrics_address(text) == address


@pytest.mark.parametrize("text", ["", "x", ":9100", "1:x", "65536", "9" * 5000])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no port"):
        metrics_address(text)


def test_a_file_stands_for_its_groups(tmp_path: Path) -> None:
    file = tmp_path / "groups"
    file.write_text("239.1.1.1:5000  # the first\n\n# none\n239.1.1.2:5000+3\n")
    assert listed_groups(["a", f"@{file}"]) == [
        "a",
        "239.1.1.1:5000",
        "239.1.1.2:5000+3",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        listed_groups([f"@{tmp_path}/none"])


def test_a_file_without_groups_does_not_stand_for_the_usual_one(tmp_path: Path) -> None:
    file = tmp_path / "groups"
    file.write_text("# none yet\n\n")
    with pytest.raises(UsageError, match="names no group"):
        listed_groups([f"@{file}"])


def test_a_file_is_never_read_in_part(tmp_path: Path) -> None:
    file = tmp_path / "groups"
    file.write_text("239.1.1.1:5000\n" * 80_000)
    with pytest.raises(UsageError, match="longer than any list"):
        listed_groups([f"@{file}"])
