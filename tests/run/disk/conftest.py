"""Tests here are coroutines: threads answer to a real event loop."""

import asyncio
import inspect

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    work = pyfuncitem.obj
    if not inspect.iscoroutinefunction(work):
        return None
    names = inspect.signature(work).parameters
    asyncio.run(work(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
