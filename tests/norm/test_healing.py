"""How soon all is well again after a partition, counted from the first word heard."""

from __future__ import annotations

from random import Random

import pytest
from tests.norm.group import Group

from groupwire.testing import Faults

RATE, DELAY_S = 1e6, 0.005
LAN = Faults(delay_s=DELAY_S)


class Healed:
    """A group that was cut while it sent, and has been mended."""

    def __init__(
        self, seed: int, *, at_s: float, for_s: float, size: int, both: bool
    ) -> None:
        self.size = size
        self.group = group = Group(
            seed, 3, down=LAN, up=LAN, rate=RATE, keep_log=True, initial_grtt_s=0.02
        )
        self.data = Random(seed).randbytes(size)
        group.send(self.data)
        group.run(at_s)
        for member in group.members:
            member.cut(up=both)
        group.run(for_s)
        for member in group.members:
            member.cut(up=False, down=False)
        self.at = group.lab.clock.now
        self.grtt_s = group.sender.core.grtt_s

    def heard_at(self) -> float:
        """Return when a receiver heard of the sender first since then."""
        lines = (line.split() for line in self.group.lab.log.text.splitlines())
        times = (
            float(time)
            for time, who, *what in lines
            if who.startswith("receiver") and what[1:3] == ["<", "10.0.0.1"]
        )
        return next(time for time in times if time > self.at)

    @property
    def ideal_s(self) -> float:
        """How long all of it takes at the rate."""
        return self.size / RATE


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("at_s", [0.0, 0.02, 0.15, 0.29])
@pytest.mark.parametrize("for_s", [0.05, 1.0, 15.0])
@pytest.mark.parametrize("seed", range(3))
def test_after_a_partition_all_is_complete_soon(
    seed: int, for_s: float, at_s: float, both: bool
) -> None:
    healed = Healed(seed, at_s=at_s, for_s=for_s, size=300_000, both=both)
    group = healed.group
    assert group.run(120.0, until=3)
    if group.lab.clock.now > healed.at:
        took = group.lab.clock.now - healed.heard_at()
        assert took <= 30 * healed.grtt_s + 2 * healed.ideal_s
    assert [ears.objects[0] for ears in group.ears] == [healed.data] * 3


def test_who_is_cut_off_for_longer_than_the_robust_factor_names_what_is_lost() -> None:
    healed = Healed(1, at_s=0.15, for_s=30.0, size=300_000, both=True)
    healed.group.run(60.0)
    assert [ears.lost for ears in healed.group.ears] == [[0]] * 3
