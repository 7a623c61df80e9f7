"""What to believe of a sender that contradicts itself."""

from __future__ import annotations

from tests.norm.receive.places import CODING

from groupwire.norm.receive.claims import Claims

ONE, OTHER = CODING.object_info(100), CODING.object_info(200)


def test_what_is_heard_twice_in_a_row_is_believed() -> None:
    claims = Claims()
    assert claims.doubts(0, ONE)
    assert not claims.doubts(0, ONE)


def test_what_was_believed_once_is_doubted_the_next_time() -> None:
    claims = Claims()
    claims.doubts(0, ONE)
    claims.doubts(0, ONE)
    assert claims.doubts(0, ONE)


def test_another_claim_in_between_begins_anew() -> None:
    claims = Claims()
    assert claims.doubts(0, ONE)
    assert claims.doubts(0, OTHER)
    assert claims.doubts(1, OTHER)
    assert claims.doubts(0, ONE)


def test_what_agrees_in_between_begins_anew() -> None:
    claims = Claims()
    claims.doubts(0, ONE)
    claims.agreed()
    assert claims.doubts(0, ONE)
