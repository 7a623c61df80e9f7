import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from tests.diagnose.checks.moments import question

from groupwire import diagnose, sync
from groupwire.diagnose import Diagnosis, Finding, Looked, Severity, Verdict, doctor
from groupwire.diagnose.check import Question, Scene, Stop
from groupwire.diagnose.checks import ALL as CHECKS
from groupwire.diagnose.trials import ALL as TRIALS
from groupwire.errors import MachineError


@dataclass(frozen=True)
class _Seen:
    number: int


class _Trial:
    def __init__(self, number: int) -> None:
        self._number = number

    async def run(self, _: Question, _stop: Stop) -> Sequence[_Seen]:
        await asyncio.sleep(0)
        return [_Seen(self._number)]


class _Counts:
    codes = ("counted",)

    def look(self, scene: Scene) -> Looked:
        seen = sum(one.number for one in scene.seen(_Seen))
        says = f"{seen} {scene.after is not scene.before}"
        fix = ("sudo ip x",)
        found = Finding(code="counted", severity=Severity.ERROR, says=says, fix=fix)
        return Looked(at=("here",), findings=(found,))


def test_trials_are_made_between_two_looks_and_judged() -> None:
    work = diagnose.examine(
        question(root=False),
        trials=[_Trial(1), _Trial(2)],
        checks=[_Counts()],
        watch_s=0.0,
    )
    found = asyncio.run(work)
    assert found.verdict is Verdict.BROKEN
    assert [one.says for one in found.findings] == ["3 True"]
    assert found.looked[0][0] == "_Counts"
    assert found.seconds > 0


def test_a_trial_that_cannot_be_made_leaves_the_rest() -> None:
    class Refused:
        async def run(self, _: Question, _stop: Stop) -> Sequence[object]:
            raise MachineError("no more files can be opened")

    work = diagnose.examine(
        question(root=False),
        trials=[Refused(), _Trial(1)],
        checks=[_Counts()],
        watch_s=0.0,
    )
    found = asyncio.run(work)
    assert [one.says for one in found.findings] == ["1 True"]
    assert found.unsure == ("this could not be tried: no more files can be opened",)


@pytest.mark.parametrize("listens", [True, False])
def test_who_breaks_off_is_told_what_was_seen_so_far(
    monkeypatch: pytest.MonkeyPatch, *, listens: bool
) -> None:
    class Long:
        async def run(self, _: Question, stop: Stop) -> Sequence[object]:
            await (stop if listens else asyncio.Event()).wait()
            return [_Seen(10)]

    monkeypatch.setattr(doctor, "GRACE_S", 0.01)

    async def broken_off() -> Diagnosis:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, stop.set)
        return await diagnose.examine(
            question(root=False),
            trials=[Long(), _Trial(1)],
            checks=[_Counts()],
            watch_s=600,
            stop=stop,
        )

    found = asyncio.run(broken_off())
    assert [one.says for one in found.findings] == [f"{11 if listens else 1} True"]
    assert "it was interrupted after 0 s" in found.unsure[-1]


@pytest.mark.parametrize(
    ("user", "variables", "root"),
    [(0, {}, True), (0, {"SUDO_UID": "1000"}, False), (1000, {}, False)],
)
def test_sudo_is_said_to_who_needs_it(
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    variables: dict[str, str],
    *,
    root: bool,
) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: user)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert doctor.shell_here().root is root


def test_each_check_and_trial_stands_there_once() -> None:
    assert len({type(check) for check in CHECKS}) == len(CHECKS)
    assert len({type(trial) for trial in TRIALS}) == len(TRIALS)


def test_this_machine_can_be_examined_without_async() -> None:
    found = sync.diagnose("239.255.42.99:42421", interface="lo")
    assert {name for name, _ in found.looked} == {type(c).__name__ for c in CHECKS}
    assert "other-listener" not in {one.code for one in found.findings}
