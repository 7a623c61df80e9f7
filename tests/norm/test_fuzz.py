"""The fuzzer's targets, a few hundred executions each, and the fuzzer itself."""

from __future__ import annotations

from random import Random

import pytest
from fuzz.engine import Session, broken, run
from fuzz.mutation import Corpus, Mutator
from fuzz.targets import TARGETS, Feed, Step

ENOUGH_S = 1e9


@pytest.mark.parametrize("seed", ["1", "2"])
@pytest.mark.parametrize("name", TARGETS)
def test_strange_messages_hurt_nobody(name: str, seed: str) -> None:
    report = run(TARGETS[name], seed, runs=600, seconds=ENOUGH_S, timed=False)
    assert report.finding is None, f"python -m fuzz {name} --seed {seed}"
    assert report.executions == 600


@pytest.mark.parametrize("name", TARGETS)
def test_a_seed_says_it_all(name: str) -> None:
    corpus = TARGETS[name].corpus(0)
    first, again = (Mutator(corpus, Random(3)) for _ in range(2))
    messages = [first.next() for _ in range(500)]
    assert [again.next() for _ in range(500)] == messages
    assert len(set(messages)) > 250


class Fragile:
    """Breaks at a message that begins with 2 once it has heard one that begins with 1.

    Nothing else that it is told matters.
    """

    name, variants, inputs, remembers = "fragile", 1, 1000, True

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return Corpus([b"\1", b"\2", b"\3", b"\4"], [b"\5"])

    def start(self, variant: int) -> Feed:  # noqa: ARG002
        heard: list[bytes] = []

        def hear(data: bytes) -> None:
            if data[:1] == b"\2" and b"\1" in heard:
                raise ValueError("as planned")
            heard.append(data[:1])

        def feed(data: bytes) -> tuple[Step, ...]:
            return (lambda: hear(data),)

        return feed


def test_what_breaks_a_target_is_found_and_told_with_nothing_that_does_not_matter() -> (
    None
):
    target = Fragile()
    found = run(target, "1", runs=1000, seconds=ENOUGH_S, timed=False).finding
    assert found is not None
    assert found.problem == "ValueError: as planned"
    assert [data[:1] for data in found.session.inputs] == [b"\1", b"\2"]


def test_what_was_found_can_be_seen_again() -> None:
    session = Session(0, (b"\1", b"\2"))
    assert str(session) == "0:01,02"
    assert Session.parse(str(session)) == session
    assert broken(Fragile(), session) == "ValueError: as planned"
    assert broken(Fragile(), Session.parse("02")) is None


class Greedy(Fragile):
    """Takes two megabytes for every message."""

    def start(self, variant: int) -> Feed:  # noqa: ARG002
        return lambda _: (lambda: bytes(2 << 20) and None,)


def test_what_takes_too_much_memory_is_found() -> None:
    found = run(Greedy(), "1", runs=500, seconds=ENOUGH_S, timed=False).finding
    assert found is not None
    assert found.problem.endswith("bytes allocated")
