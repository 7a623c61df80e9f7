from ipaddress import ip_address

import pytest

from groupwire.diagnose.evidence.firewall.answers import (
    Answer,
    address,
    addresses,
    fits,
    numbers,
)

IP = ip_address("239.1.1.1")


def _known(answer: Answer | None) -> Answer:
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("answer", "asked", "fit"),
    [
        ("eth*", "eth0", True),
        ("eth*", "wlan0", False),
        ("udp", "udp", True),
        ("udp", 17, False),
        (_known(numbers("1", "9")), 9, True),
        (_known(numbers("5")), 6, False),
        (_known(numbers("5")), "5", False),
        (_known(address("239.0.0.0/8")), IP, True),
        (_known(address("239.0.0.0/8")), "239.1.1.1", False),
        (_known(address("ff00::/8")), IP, False),
        (_known(addresses("239.0.0.0", "239.2.0.0")), IP, True),
        (_known(addresses("239.2.0.0", "239.3.0.0")), IP, False),
        (_known(addresses("ff00::", "ff0f::")), IP, False),
        (_known(addresses("239.0.0.0", "239.2.0.0")), 7, False),
    ],
)
def test_a_value_fits_or_not(answer: Answer, asked: object, *, fit: bool) -> None:
    assert fits(answer, asked) is fit


def test_what_is_no_value_is_not_understood() -> None:
    assert numbers("http") is None
    assert address("example.org") is None
    assert addresses("1.2.3.4", "x") is None
