"""As many open files as the system allows."""

import resource

from groupwire.cli.plumbing.descriptors import open_many


def test_as_many_as_allowed_may_be_open() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        open_many()
        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert now == most == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
