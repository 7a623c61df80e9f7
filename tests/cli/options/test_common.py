"""What the texts after the common options mean."""

from __future__ import annotations

import pytest
import typer

from groupwire.cli.options.common import Where, duration, tone
from groupwire.errors import AddressError, UsageError
from groupwire.values import DEFAULT_DELIVERY_GROUP, DEFAULT_GROUP, Group


@pytest.fixture(autouse=True)
def no_group_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)


def test_without_a_word_it_is_the_default_group() -> None:
    assert Where.read(None, None) == Where(DEFAULT_GROUP, None, named=False)


def test_g_names_the_group() -> None:
    where = Where.read("239.1.2.3:5000", "eth0")
    assert where == Where(Group.parse("239.1.2.3:5000"), "eth0", named=True)


def test_g_wants_a_port() -> None:
    with pytest.raises(AddressError, match="port"):
        Where.read("239.1.2.3", None)


def test_the_environment_replaces_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPWIRE_GROUP", "239.9.9.9:9999")
    assert Where.read(None, None).group == Group.parse("239.9.9.9:9999")
    assert not Where.read(None, None).named
    assert Where.read("239.1.2.3:5000", None).group.port == 5000


def test_the_environment_may_leave_the_port_to_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GROUPWIRE_GROUP", "239.9.9.9%eth1")
    group = Where.read(None, None, default=DEFAULT_DELIVERY_GROUP).group
    assert group == Group.parse("239.9.9.9%eth1:10001")


def test_an_error_in_the_environment_says_where_the_text_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GROUPWIRE_GROUP", "10.0.0.1")
    with pytest.raises(AddressError, match=r"GROUPWIRE_GROUP"):
        Where.read(None, None)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPWIRE_GROUP", "")
    assert Where.read(None, None).group == DEFAULT_GROUP


@pytest.mark.parametrize("text", ["", " "])
def test_i_without_an_interface_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no interface"):
        Where.read(None, text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", "", "1s"])
def test_no_duration(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        duration(text)


def test_durations_are_seconds() -> None:
    assert duration("0.25") == 0.25


def test_quiet_and_verbose_contradict_each_other() -> None:
    with pytest.raises(UsageError):
        tone(json=False, quiet=True, verbose=True)
    assert tone(json=True, quiet=True, verbose=False).json
