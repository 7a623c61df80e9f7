"""What ``import groupwire.norm`` gives: every name, when it is asked for."""

from __future__ import annotations

import pytest

from groupwire import norm


@pytest.mark.parametrize("name", norm.__all__)
def test_every_name_leads_somewhere(name: str) -> None:
    assert getattr(norm, name) is not None
    assert name in dir(norm)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'no'"):
        _ = norm.no
