"""Who is expected, and who is trusted."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from groupwire.cli.options.members import expectation, expected_names, networks
from groupwire.errors import UsageError


def test_nobody_is_expected_where_nothing_is_said() -> None:
    assert expectation(None) is None


def test_a_number_and_names_are_read_as_they_stand() -> None:
    three, named = expectation("3"), expectation("cam1,cam2")
    assert three is not None
    assert named is not None
    assert (three.count, named.names) == (3, ("cam1", "cam2"))


def test_a_file_has_one_member_a_line_and_comments(tmp_path: Path) -> None:
    (tmp_path / "members").write_text("# the arms\narm1\n\narm2  # in repair\n")
    found = expectation(f"@{tmp_path / 'members'}")
    assert found is not None
    assert found.names == ("arm1", "arm2")


def test_a_file_that_is_not_there_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match="--expect: /nowhere: no such file"):
        expectation("@/nowhere")


def test_who_has_no_address_that_anybody_knows_is_expected_by_name() -> None:
    assert expected_names(None, "readers") is None
    named = expected_names("cam1", "readers")
    assert named is not None
    assert named.names == ("cam1",)
    with pytest.raises(UsageError, match="readers are expected by name"):
        expected_names("10.0.0.7", "readers")


def test_networks_are_read_and_their_option_is_named() -> None:
    assert networks("--from", None) == ()
    assert networks("--from", ["10.1.2.3/8"]) == (ip_network("10.0.0.0/8"),)
    with pytest.raises(UsageError, match="--from: 'nowhere' is no network"):
        networks("--from", ["nowhere"])
