"""What ``import groupwire.values`` gives: every name, some when it is asked for."""

from __future__ import annotations

import pytest

from groupwire import values


@pytest.mark.parametrize("name", values.__all__)
def test_every_name_leads_somewhere(name: str) -> None:
    assert getattr(values, name) is not None
    assert name in dir(values)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'no'"):
        _ = values.no
