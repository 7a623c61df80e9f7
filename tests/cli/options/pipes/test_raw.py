from __future__ import annotations

import pytest

from groupwire.cli.options.common import Reach, Where
from groupwire.cli.options.pipes.raw import RawOptions
from groupwire.errors import UsageError
from groupwire.values import DEFAULT_PIPE_GROUP

WHERE = Where(DEFAULT_PIPE_GROUP, "lo", named=False)


def test_options_are_what_the_library_has() -> None:
    config = RawOptions(live=0.2, start_with=2, name="cam", rate=8e6).config(
        WHERE, Reach(ttl=3), sends=True
    )
    assert (config.live, config.first_readers, config.ttl) == (0.2, 2, 3)
    assert (config.name, config.interface, config.rate) == ("cam", "lo", 8e6)
    assert config.patience == 60
    assert RawOptions(sender="cam").config(WHERE, Reach(), sends=False).sender_name == (
        "cam"
    )


@pytest.mark.parametrize(
    ("options", "sends", "text"),
    [
        (RawOptions(sender="cam"), True, "--from is for who receives"),
        (RawOptions(expect="2"), False, "--expect is for who sends"),
    ],
)
def test_what_the_other_end_knows_is_refused(
    options: RawOptions, *, sends: bool, text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        options.config(WHERE, Reach(), sends=sends)
