"""Topics and patterns are MQTT's."""

import pytest

from groupwire.errors import UsageError
from groupwire.messages.topics import Patterns, checked_pattern, checked_topic


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("a", "a/", False),
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("a/+", "a/b/c", False),
        ("+", "a", True),
        ("+", "/a", False),
        ("+/+", "/a", True),
        ("/+", "/a", True),
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/d", False),
        ("#", "a/b/c", True),
        ("#", "/", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "ab", False),
        ("a/+/#", "a", False),
        ("a/+/#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/+", "a/$x", True),
        ("a b/\N{SNOWMAN}\n", "a b/\N{SNOWMAN}\n", True),
    ],
)
def test_a_pattern_matches_what_mqtt_says(
    pattern: str, topic: str, *, matches: bool
) -> None:
    assert Patterns([pattern]).matches(topic) is matches


def test_one_of_several_patterns_is_enough() -> None:
    patterns = Patterns(["a/+", "b"])
    assert [patterns.matches(t) for t in ("a/x", "b", "c", "a/x")] == [
        True,
        True,
        False,
        True,
    ]


def test_very_many_topics_are_matched_and_few_remembered() -> None:
    patterns = Patterns(["a/#"])
    assert all(patterns.matches(f"a/{n}") for n in range(10_000))
    assert len(patterns._known) <= 4096


@pytest.mark.parametrize(
    "topic", ["", "a/+", "#", "a#b", "a\0b", "\ud800", "x" * 1025, "\xe9" * 513]
)
def test_what_is_no_topic_is_refused_with_a_way_out(topic: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_topic(topic)
    assert caught.value.fix


@pytest.mark.parametrize(
    "topic", ["a", "/", "a//b", " ", "x" * 1024, "\xe9" * 512, "$a", "tab\there"]
)
def test_odd_characters_are_no_reason_to_refuse(topic: str) -> None:
    assert checked_topic(topic).decode() == topic


@pytest.mark.parametrize(
    "pattern", ["", "a+", "a/b#", "#/a", "a/#/b", "##", "++", "a\0", "\udfff"]
)
def test_what_is_no_pattern_is_refused_with_a_way_out(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_pattern(pattern)
    assert caught.value.fix
