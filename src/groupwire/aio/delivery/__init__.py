"""Deliver files to every member of a group, and take what is delivered.

::

    report = await aio.push("239.255.42.99:10001", ["album/"], expect={"cam1", "cam2"})
    report.raise_for_missing()

    async with aio.pull("239.255.42.99:10001", "incoming", count=None) as pull:
        async for event in pull:
            ...

Each side is loaded when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from groupwire.aio.delivery.config import PullConfig, PushConfig
from groupwire.aio.opening import group_of
from groupwire.deliver.entries import Entry
from groupwire.gather import Expected
from groupwire.values import DEFAULT_DELIVERY_GROUP, Group

if TYPE_CHECKING:
    from groupwire.aio.delivery.output import Output
    from groupwire.aio.delivery.pulling import Into, Pulling
    from groupwire.aio.delivery.pushing import Pushing
    from groupwire.aio.delivery.streams import Paths, Stream

__all__ = [
    "Into",
    "Output",
    "Paths",
    "PullConfig",
    "Pulling",
    "PushConfig",
    "Pushing",
    "Stream",
    "pull",
    "push",
]

_PLACES = {
    "Into": "pulling",
    "Output": "output",
    "Paths": "streams",
    "Pulling": "pulling",
    "Pushing": "pushing",
    "Stream": "streams",
}
_PUSH, _PULL = PushConfig(), PullConfig()


def push(  # noqa: PLR0913 - keyword-only
    group: Group | str | None,
    what: Paths | Stream,
    *,
    expect: Expected = None,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    config: PushConfig = _PUSH,
) -> Pushing:
    """Deliver files and directories to every member of the group, and hear of each.

    ``what``: a path, several, or a stream of unknown length (an asynchronous iterator
    of bytes, a StreamReader, an open binary file), which members store as
    ``config.title``. ``dir/`` is what is in the directory, without its own name; ``-``
    is standard input. ``group`` None: ``GROUPWIRE_GROUP`` in the environment, else
    239.255.42.99:10001. ``expect``, ``name``, ``interface`` and ``ttl`` go before those
    of ``config``.

    Await it for the PushReport, or enter it and iterate over events and progress.
    Raises UsageError and AddressError at once; MachineError, and UsageError for paths
    that are not there, when it begins.
    """
    from groupwire.aio.delivery.pushing import Pushing

    config = config.merged(expect=expect, name=name, interface=interface, ttl=ttl)
    return Pushing(group_of(group, DEFAULT_DELIVERY_GROUP), what, config)


def pull(  # noqa: PLR0913 - keyword-only
    group: Group | str | None,
    into: Into,
    *,
    count: int | None = 1,
    name: str | None = None,
    interface: str | int | None = None,
    ttl: int | None = None,
    accept: Callable[[Entry], bool] | None = None,
    config: PullConfig = _PULL,
) -> Pulling:
    """Take what is delivered to the group, verified before it has its name.

    ``into``: a directory, which is made where it is not there; or for a delivery of one
    file an open binary file or an :class:`Output`, which get it while it arrives and
    before it is verified. ``count``: end after so many deliveries; None: never.
    ``accept`` is called with each entry, in a thread, and refuses it with False.
    ``group`` None: ``GROUPWIRE_GROUP`` in the environment, else 239.255.42.99:10001.

    Await it for a list of PullReports, or enter it and iterate over events and
    progress. Whatever ends it, what has come of incomplete files is kept for the next
    pull into this directory. Raises UsageError and AddressError at once, MachineError
    when it begins.
    """
    from groupwire.aio.delivery.pulling import Pulling

    config = config.merged(name=name, interface=interface, ttl=ttl, accept=accept)
    return Pulling(group_of(group, DEFAULT_DELIVERY_GROUP), into, count, config)


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value
