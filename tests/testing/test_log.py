"""Lines that two runs of one seed have in common."""

from __future__ import annotations

from hashlib import blake2b

from groupwire.testing import Log


def test_a_line_has_the_time_who_and_what() -> None:
    log = Log(keep=True)
    log.write(1.5, "r1", "crashes")
    log.write(2.0, "r1", "restarts")
    assert log.text == "1.500000000 r1 crashes\n2.000000000 r1 restarts\n"
    assert log.count == 2


def test_the_digest_is_that_of_all_lines_kept_or_not() -> None:
    logs = Log(keep=True), Log()
    for log in logs:
        for number in range(10_000):
            log.write(number / 7, "s", f"> {number}")
    kept, digested = logs
    assert kept.digest == digested.digest
    assert kept.digest == blake2b(kept.text.encode(), digest_size=16).hexdigest()
    assert kept.count == digested.count == 10_000
    assert digested.text == ""


def test_looking_at_the_digest_changes_nothing() -> None:
    looked, blind = Log(), Log()
    for number in range(10):
        for log in (looked, blind):
            log.write(number, "s", "x")
        assert looked.digest == looked.digest
    assert looked.digest == blind.digest


def test_a_line_more_or_another_order_is_another_digest() -> None:
    digests: set[str] = set()
    for lines in (["a", "b"], ["b", "a"], ["a", "b", "c"], []):
        log = Log()
        for line in lines:
            log.write(0.0, "s", line)
        digests.add(log.digest)
    assert len(digests) == 4
