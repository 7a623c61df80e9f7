from groupwire.norm.send.holds import Holds

SPAN = 1.0


def test_what_was_touched_is_held_for_a_span() -> None:
    holds = Holds(10)
    holds.touch("a", 5.0)
    assert holds.held("a", 5.9, SPAN)
    assert not holds.held("a", 6.0, SPAN)


def test_each_touch_holds_it_longer() -> None:
    holds = Holds(10)
    holds.touch("a", 5.0)
    holds.touch("a", 5.9)
    assert holds.held("a", 6.8, SPAN)


def test_nothing_is_held_for_ever() -> None:
    holds = Holds(3)
    for tenth in range(50):
        holds.touch("a", tenth / 10)
    assert holds.held("a", 2.9, SPAN)
    assert not holds.held("a", 3.0, SPAN)


def test_what_was_never_touched_or_is_forgotten_is_not_held() -> None:
    holds = Holds(10)
    assert not holds.held("a", 0.0, SPAN)
    holds.touch("a", 0.0)
    holds.forget("a")
    holds.forget("a")
    assert not holds.held("a", 0.0, SPAN)
