"""The other side of a Worker: enter the namespace, run the function."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from .network import enter


def main() -> None:
    pipe = Connection(int(sys.argv[1]))
    path, module, name, arguments = pipe.recv()
    if path is not None:
        namespace = os.open(path, os.O_RDONLY)
        enter(namespace)
        os.close(namespace)
    # A closed pipe is how the bench says that it needs us no longer.
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        getattr(importlib.import_module(module), name)(pipe, *arguments)


if __name__ == "__main__":
    main()
