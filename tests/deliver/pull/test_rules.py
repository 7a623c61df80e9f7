from ipaddress import ip_address

import pytest

from groupwire.deliver.pull import PullRules
from groupwire.errors import UsageError


@pytest.mark.parametrize("wrong", [{"count": 0}, {"patience_s": 0.0}])
def test_what_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        PullRules("m1", 1, **wrong)  # type: ignore[arg-type]


def test_the_source_of_the_group_is_answered() -> None:
    source = ip_address("10.1.1.1")
    assert PullRules("m1", 1, source=source).limits.source == source
