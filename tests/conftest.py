"""Where nothing may be missing, a skipped test of the lab is a failed one.

Of tests that run in parallel, those that are marked ``alone`` have the machine.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.turns import turn

# A machine that is busy makes no test fail.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")

_HERE = Path(__file__).parent
_STRICT = (_HERE / "lab", _HERE / "interop")
# Workers may be root of a user namespace: the first to look tells whose tests it is.
_ROOT = os.environ.setdefault("GROUPWIRE_TESTS_BY_ROOT", str(os.geteuid() == 0))


def _must_run(path: Path) -> bool:
    demanded = bool(os.environ.get("GROUPWIRE_NO_SKIPS")) or _ROOT == "True"
    return demanded and any(path.is_relative_to(folder) for folder in _STRICT)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        skip = report.longrepr
        reason = skip[2] if isinstance(skip, tuple) else skip
        report.longrepr = f"nothing may be skipped here: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _must_run(item.path):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _must_run(collector.path):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    alone = item.get_closest_marker("alone") is not None
    with turn(_HERE / "ports.py", _HERE / "turns.py", alone=alone):
        return (yield)
