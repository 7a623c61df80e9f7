"""Texts of strangers say what people see."""

import pytest

from groupwire.errors import DecodeError
from groupwire.gather.fields import text_of


@pytest.mark.parametrize(
    "text", ["", "film", "d\xe9j\xe0 vu", "\u0641\u06cc\u0644\u0645"]
)
def test_what_people_write_is_text(text: str) -> None:
    assert text_of(text, 20) == text


@pytest.mark.parametrize(
    "character",
    "\0\x1b\x7f\x9b\u200b\u200d\u200f\u2028\u202a\u202e\u2060\u2066\u2069\ud800\ufeff",
)
def test_what_controls_or_hides_what_people_see_is_none(character: str) -> None:
    with pytest.raises(DecodeError, match="word-text"):
        text_of(f"a{character}b", 20)
