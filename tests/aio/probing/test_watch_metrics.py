"""The door for Prometheus, as its scrapers and others knock."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from tests.aio.places import run

from groupwire.aio.probing import watch_metrics
from groupwire.aio.probing.watch_metrics import MAX_CLIENTS, serve_metrics
from groupwire.errors import MachineError

_GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


async def asked(port: int, request: bytes) -> tuple[str, str]:
    """Return the status and the body of what is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return head.partition("\r\n")[0].removeprefix("HTTP/1.1 "), body


@pytest.mark.parametrize(
    ("request_", "status", "body"),
    [
        (_GET, "200 OK", "figures 1\n"),
        (b"GET / HTTP/1.0\r\n\r\n", "200 OK", "figures 1\n"),
        (b"GET /metrics?x=1 HTTP/1.1\r\n\r\n", "200 OK", "figures 1\n"),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", "200 OK", ""),
        (
            b"GET /other HTTP/1.1\r\n\r\n",
            "404 Not Found",
            "the figures are at /metrics\n",
        ),
        (
            b"POST /metrics HTTP/1.1\r\n\r\n",
            "405 Method Not Allowed",
            "only GET is understood here\n",
        ),
        (b"\xff\r\n\r\n", "405 Method Not Allowed", "only GET is understood here\n"),
        (b"G" * 100_000, "", ""),
    ],
)
def test_a_request_is_answered(request_: bytes, status: str, body: str) -> None:
    async def work() -> tuple[str, str]:
        async with serve_metrics("127.0.0.1", 0, lambda: "figures 1\n") as port:
            try:
                return await asked(port, request_)
            except ConnectionError:  # closed while it was still being sent
                return "", ""

    assert run(work()) == (status, body)


def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_metrics, "_PATIENCE_S", 0.02)

    async def work() -> tuple[str, str]:
        async with serve_metrics("127.0.0.1", 0, lambda: "x") as port:
            return await asked(port, b"GET")

    assert run(work()) == ("", "")


def test_only_so_many_are_answered_at_a_time() -> None:
    async def work() -> tuple[str, str]:
        async with serve_metrics("127.0.0.1", 0, lambda: "x") as port:
            idle = [
                await asyncio.open_connection("127.0.0.1", port)
                for _ in range(MAX_CLIENTS)
            ]
            try:
                return await asked(port, _GET)
            except ConnectionError:
                return "", ""
            finally:
                for _, writer in idle:
                    writer.close()

    assert run(work()) == ("", "")


def test_a_port_that_is_taken_is_told() -> None:
    async def work() -> None:
        async with (
            serve_metrics("127.0.0.1", 0, lambda: "x") as port,
            serve_metrics("127.0.0.1", port, lambda: "x"),
        ):
            raise AssertionError

    with pytest.raises(MachineError, match=r"port \d+: address already in use;"):
        run(work())


@pytest.mark.parametrize(
    ("host", "why"),
    [("a..b", "no name of a host"), ("192.0.2.1", "cannot assign requested address")],
)
def test_an_address_that_cannot_be_had_is_told(host: str, why: str) -> None:
    async def work() -> None:
        async with serve_metrics(host, 0, lambda: "x"):
            raise AssertionError

    with pytest.raises(MachineError, match=why):
        run(work())


def test_a_page_that_is_not_read_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_metrics, "_PATIENCE_S", 0.05)
    page = "x" * (32 << 20)

    async def work() -> int:
        async with serve_metrics("127.0.0.1", 0, lambda: page) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(_GET)
            while len(asyncio.all_tasks()) < 2:  # noqa: ASYNC110 - until it is answered
                await asyncio.sleep(0)
            while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - until it is given up
                await asyncio.sleep(0)
            got = 0
            with suppress(ConnectionError):
                while data := await reader.read(1 << 20):
                    got += len(data)
            writer.close()
            return got

    assert run(work()) < len(page)
