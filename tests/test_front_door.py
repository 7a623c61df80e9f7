"""What ``import groupwire`` gives, and what it costs."""

import subprocess
import sys

import pytest

import groupwire

MOST_NAMES = 26
HEAVY = ("asyncio", "typer", "rich", "click", "typing", "ctypes", "socket", "re")
NEVER_TO_PUSH = (
    "groupwire.aio.asking",
    "groupwire.aio.delivery.pulling",
    "groupwire.aio.peer",
    "groupwire.deliver.pull",
    "groupwire.deliver.storage",
    "groupwire.deliver.store.store",
    "groupwire.norm.rate.tfmcc",
    "groupwire.norm.receive",
    "groupwire.probe",
    "groupwire.run.disk.storage",
    "groupwire.sync",
    "groupwire.testing",
    "groupwire.values.explanation",
)


def modules_after(program: str) -> set[str]:
    """Return what a fresh interpreter has loaded."""
    source = f"{program}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _findable(source)],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return set(done.stdout.split())


def _findable(source: str) -> str:
    return f"import sys; sys.path[:0] = {sys.path!r}\n{source}"


def test_there_are_few_names() -> None:
    assert len(groupwire.__all__) <= MOST_NAMES
    assert groupwire.__all__ == sorted(groupwire.__all__)


@pytest.mark.parametrize("name", groupwire.__all__)
def test_every_name_leads_somewhere(name: str) -> None:
    assert getattr(groupwire, name) is not None
    assert name in dir(groupwire)


def test_names_come_from_where_they_are_defined() -> None:
    from groupwire import aio, sync, values

    assert groupwire.aio is aio
    assert groupwire.ask is sync.ask
    assert groupwire.Group is values.Group


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'groupwire' has no attribute 'nothing'"):
        _ = groupwire.nothing  # type: ignore[attr-defined]


def test_importing_it_loads_nothing_heavy() -> None:
    bare = modules_after("")
    loaded = modules_after("import groupwire") - bare
    assert not loaded & set(HEAVY)
    assert len(loaded) < 5


def test_a_group_can_be_parsed_without_an_event_loop() -> None:
    loaded = modules_after("import groupwire; groupwire.Group.parse('239.1.1.1:5')")
    assert not loaded & {"asyncio", "typer", "rich", "groupwire.aio", "groupwire.net"}


def test_the_library_needs_nothing_of_the_command_line() -> None:
    loaded = modules_after("from groupwire import sync, plain")
    assert not loaded & {"typer", "rich", "click", "groupwire.cli"}


def test_who_only_asks_does_not_load_what_delivers() -> None:
    loaded = modules_after("import groupwire; groupwire.ask, groupwire.aio.ask")
    assert "groupwire.sync.delivery" in loaded
    assert not {m for m in loaded if m.startswith("groupwire.deliver")}
    assert not {m for m in loaded if m.startswith("groupwire.messages")}
    assert not {m for m in loaded if m.startswith("groupwire.norm")}


def test_what_delivers_is_found_in_aio() -> None:
    from groupwire import aio

    assert aio.push is aio.delivery.push
    assert set(aio.__all__) <= set(dir(aio))
    assert all(getattr(aio, name) is not None for name in aio.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'no'"):
        _ = aio.no


def test_the_configs_of_aio_are_found_in_sync() -> None:
    from groupwire import aio, sync

    assert sync.PublishConfig is aio.PublishConfig
    assert {name for name in aio.__all__ if name.endswith("Config")} <= {*sync.__all__}
    assert set(sync.__all__) <= set(dir(sync))
    assert all(getattr(sync, name) is not None for name in sync.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'no'"):
        _ = sync.no  # type: ignore[attr-defined]


def test_what_explains_an_address_is_found_in_values() -> None:
    from groupwire import values

    assert values.block_of is values.blocks.block_of
    assert set(values.__all__) <= set(dir(values))
    assert all(getattr(values, name) is not None for name in values.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'no'"):
        _ = values.no  # type: ignore[attr-defined]


def test_who_only_pushes_does_not_load_what_asks_and_what_receives() -> None:
    loaded = modules_after("from groupwire import aio; aio.push(None, 'x')")
    assert "groupwire.norm.send.sender" in loaded
    assert not loaded & set(NEVER_TO_PUSH)
