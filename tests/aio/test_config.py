import socket

import pytest

from groupwire.aio import PeerConfig, default_name
from groupwire.errors import UsageError


@pytest.mark.parametrize(
    "change",
    [
        {"ttl": -1},
        {"ttl": 256},
        {"dscp": 64},
        {"receive_buffer": -1},
        {"answer_rate": 0},
        {"queue": 0},
    ],
)
def test_values_out_of_range_are_refused_with_the_range(change: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="out of range") as caught:
        PeerConfig(**change)  # type: ignore[arg-type]
    assert " to " in caught.value.fix


def test_what_is_named_goes_before_the_config() -> None:
    config = PeerConfig(name="a", interface="eth0", ttl=3)
    assert config.merged() == config
    merged = config.merged(name="b", interface=0, ttl=0)
    assert (merged.name, merged.interface, merged.ttl) == ("b", 0, 0)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("cam1", "cam1"),
        ("cam1.example.org", "cam1"),
        ("my host", "my-host"),
        ("", "member"),
        ("1234", "host-1234"),
        ("1" * 64, "host-" + "1" * 59),
        ("n" * 200, "n" * 64),
        ("käse", "k-se"),
    ],
)
def test_the_host_name_is_made_fit_for_a_member(
    monkeypatch: pytest.MonkeyPatch, host: str, name: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert default_name() == name
