"""What has to be installed for a peer, and whether it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.util import find_spec

__all__ = ["wheel"]


def wheel(module: str, package: str = "", *, program: str = "") -> Callable[[], str]:
    """Return what tells how to get a module, and perhaps a program of Debian's."""

    def missing() -> str:
        if find_spec(module) is None:
            return f"pip install {package or module}"
        if program and shutil.which(program) is None:
            return f"apt install {program}"
        return ""

    return missing
