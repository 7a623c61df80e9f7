from ipaddress import ip_address

import pytest

from groupwire.media.session import announcement_group, listened_groups


@pytest.mark.parametrize(
    ("session", "told"),
    [
        ("224.2.130.1", "224.2.127.254:9875"),
        ("232.1.1.1", "224.2.127.254:9875"),
        ("224.0.0.200", "224.0.0.255:9875"),
        ("239.255.42.99", "239.255.255.255:9875"),
        ("239.194.0.1", "239.195.255.255:9875"),
        ("239.1.2.3", "239.255.255.255:9875"),
        ("ff05::42", "[ff05::2:7ffe]:9875"),
        ("ff3e::42", "[ff0e::2:7ffe]:9875"),
        ("ff12::4242", "[ff02::2:7ffe]:9875"),
    ],
)
def test_a_session_is_announced_in_the_scope_of_its_group(
    session: str, told: str
) -> None:
    assert str(announcement_group(ip_address(session))) == told


def test_all_of_them_are_listened_to_but_those_of_one_link_in_ipv6() -> None:
    heard = [str(group) for group in listened_groups()]
    assert len(heard) == len(set(heard)) == 7
    assert "239.255.255.255:9875" in heard
    assert "[ff05::2:7ffe]:9875" in heard
