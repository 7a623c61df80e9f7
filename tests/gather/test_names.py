import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import UsageError
from groupwire.gather import checked_name, is_name


@pytest.mark.parametrize(
    "name", ["a", "cam1", "host-7", "10.0.0.7", "_", "-", ".", "n" * 64, "1a", "1.5"]
)
def test_names_of_letters_digits_and_three_signs(name: str) -> None:
    assert is_name(name)
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "text",
    ["", "7", "123456", "a b", "a,b", "a/b", "käm", "cam1\n", "\x1b[2J", "٣", "n" * 65],
)
def test_anything_else_is_no_name(text: str) -> None:
    assert not is_name(text)
    with pytest.raises(UsageError, match="is no member name"):
        checked_name(text)


@given(st.text())
def test_a_refusal_is_short_and_printable(text: str) -> None:
    if is_name(text):
        return
    with pytest.raises(UsageError) as caught:
        checked_name(text * 1000)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_ten_thousand_bytes_are_refused_quickly_and_briefly() -> None:
    with pytest.raises(UsageError) as caught:
        checked_name("\x1b" * 10_000)
    assert len(str(caught.value)) < 500
