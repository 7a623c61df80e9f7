"""Programs of others that do the same job: nng's survey and zenoh's get."""

from __future__ import annotations

import json
import threading
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from .plain import ANSWER, QUESTION, questions

__all__ = ["ask_nng", "ask_zenoh", "respond_nng", "respond_zenoh"]


def ask_nng(pipe: Connection, address: str, answers: int) -> None:
    import pynng

    with pynng.Surveyor0(listen=address, survey_time=1000) as sock:
        _wait_for(lambda: len(sock.pipes) == answers, pipe)
        for count in questions(pipe):
            pipe.send([_survey(sock, answers) for _ in range(count)])


def _survey(sock: Any, answers: int) -> float:
    started = perf_counter()
    sock.send(QUESTION)
    for _ in range(answers):
        sock.recv()
    return perf_counter() - started


def respond_nng(pipe: Connection, address: str, number: int) -> None:  # noqa: ARG001
    import pynng

    with pynng.Respondent0(dial=address, block_on_dial=True) as sock:
        pipe.send("ready")
        while True:
            sock.recv()
            sock.send(ANSWER)


def ask_zenoh(pipe: Connection, address: str, answers: int) -> None:
    import zenoh

    with zenoh.open(_zenoh_config(listen=address)) as session:
        _wait_for(lambda: len(_get(zenoh, session)) == answers, pipe)
        for count in questions(pipe):
            pipe.send([_timed_get(zenoh, session, answers) for _ in range(count)])


def _timed_get(zenoh: Any, session: Any, answers: int) -> float:
    started = perf_counter()
    found = len(_get(zenoh, session))
    ended = perf_counter()
    if found != answers:
        raise RuntimeError(f"zenoh: {found} of {answers} answers")
    return ended - started


def _get(zenoh: Any, session: Any) -> list[bytes]:
    """Collect the reply of every queryable, as they come and unconsolidated."""
    replies = session.get(
        "bench/*",
        payload=QUESTION,
        target=zenoh.QueryTarget.ALL,
        consolidation=zenoh.ConsolidationMode.NONE,
    )
    return [reply.ok.payload.to_bytes() for reply in replies]


def respond_zenoh(pipe: Connection, address: str, number: int) -> None:
    import zenoh

    key = f"bench/{number}"
    with zenoh.open(_zenoh_config(connect=address)) as session:
        session.declare_queryable(key, lambda query: query.reply(key, ANSWER))
        pipe.send("ready")
        threading.Event().wait()


def _zenoh_config(*, listen: str = "", connect: str = "") -> Any:
    """Return a star round the asker; nobody looks for others on the network."""
    import zenoh

    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("scouting/gossip/enabled", "false")
    config.insert_json5("listen/endpoints", json.dumps([listen] if listen else []))
    config.insert_json5("connect/endpoints", json.dumps([connect] if connect else []))
    return config


def _wait_for(condition: Any, pipe: Connection) -> None:
    """Tell the bench that responders may come, and wait until all have."""
    pipe.send("listening")
    pipe.recv()
    pause = threading.Event()
    while not condition():
        pause.wait(0.05)
