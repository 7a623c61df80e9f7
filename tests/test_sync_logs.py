"""A handler of ``logging`` that publishes: from any thread, never waiting."""

from __future__ import annotations

import json
import logging
import logging.config
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.ports import free_port

from groupwire import aio, sync
from groupwire.errors import AddressError, UsageError
from groupwire.sync.adapters.logs import LogHandler, topic_of
from groupwire.sync.messages import Subscriber
from groupwire.sync.thread import loop_thread


@pytest.fixture
def group() -> str:
    return f"239.255.78.10%lo:{free_port()}"


@pytest.fixture
def listening(group: str) -> Iterator[Subscriber]:
    with sync.subscribe(group, "log/#", name="reader") as subscriber:
        yield subscriber


def logger_of(handler: logging.Handler, name: str = "robot.arm") -> logging.Logger:
    """Return a logger of this handler alone."""
    logger = logging.Logger(name, logging.DEBUG)  # noqa: LOG001 - nobody else has it
    logger.addHandler(handler)
    return logger


def heard(listening: Subscriber, many: int) -> list[tuple[str, str]]:
    """Wait for records, as topic and text."""
    messages = listening.listen(timeout=5)
    return [(m.topic, m.data.decode()) for _, m in zip(range(many), messages)]  # noqa: B905


def test_records_are_published_under_the_name_of_their_logger(
    group: str, listening: Subscriber
) -> None:
    handler = LogHandler(group, name="arm1")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger_of(handler).warning("joint %d is warm", 3)
    logger_of(handler, "root").info("begun")
    handler.close()
    assert heard(listening, 2) == [
        ("log/arm1/robot/arm", "WARNING joint 3 is warm"),
        ("log/arm1/root", "INFO begun"),
    ]
    assert handler.dropped == {}


def test_a_record_can_be_json(group: str, listening: Subscriber) -> None:
    handler = LogHandler(group, name="arm1", prefix="log/lab", json=True)
    logger = logger_of(handler)
    try:
        raise ValueError("too far")
    except ValueError:
        logger.exception(
            "stopped", extra={"joint": 3, "arm": Path("x")}, stack_info=True
        )
    logger.info("ä %s", "ö")
    handler.close()
    (topic, first), (_, second) = heard(listening, 2)
    assert topic == "log/lab/arm1/robot/arm"
    fields = json.loads(first)
    assert fields.pop("exception").endswith("ValueError: too far")
    assert fields.pop("stack").startswith("Stack")
    assert fields.pop("extra") == {"joint": 3, "arm": repr(Path("x"))}
    assert fields.pop("time") > 1e9
    assert fields.pop("line") > 1
    assert fields == {
        "level": "ERROR",
        "logger": "robot.arm",
        "message": "stopped",
        "file": __file__,
        "process": os.getpid(),
        "thread": "MainThread",
    }
    assert json.loads(second)["message"] == "ä ö"
    assert "\n" not in first + second


def test_many_threads_may_log_at_once(group: str, listening: Subscriber) -> None:
    handler = LogHandler(group)
    logger = logger_of(handler)

    def work(worker: int) -> None:
        for number in range(200):
            logger.info("%d %d", worker, number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    handler.close()
    lines = [text.split() for _, text in heard(listening, 800)]
    assert handler.dropped == {}
    for worker in "0123":
        numbers = [int(number) for by, number in lines if by == worker]
        assert numbers == list(range(200))


def test_what_the_thread_that_sends_does_not_take_is_dropped_and_counted(
    group: str,
) -> None:
    handler = LogHandler(group, queue=10)
    logger = logger_of(handler)
    # The loop's thread is held up by whoever logs in it.
    loop_thread().call(lambda: [logger.info("x") for _ in range(30)])
    handler.close()
    logger.info("too late")
    assert handler.dropped == {"queue-full": 20, "closed": 1}


def test_what_a_publisher_does_not_take_is_dropped_and_counted(group: str) -> None:
    config = aio.PublishConfig(queue=1000, window=64 << 10, rate=8000)
    handler = LogHandler(group, config=config)
    logger = logger_of(handler)
    loop_thread().call(lambda: [logger.info("x" * 900) for _ in range(300)])
    loop_thread().call(lambda: None)
    logger.info("x" * (17 << 20))
    handler.close()
    dropped = dict(handler.dropped)
    assert dropped.pop("too-large") == 1
    assert set(dropped) <= {"publisher-full"}
    assert dropped["publisher-full"] > 0


def test_a_record_that_cannot_be_made_text_is_told_as_logging_does(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = LogHandler(group)
    logger_of(handler).info("%d", "no number")
    handler.close()
    assert "--- Logging error ---" in capsys.readouterr().err


def test_filters_and_levels_decide_as_usual(group: str, listening: Subscriber) -> None:
    handler = LogHandler(group, name="a", level=logging.WARNING)
    handler.addFilter(lambda record: "secret" not in record.getMessage())
    logger = logger_of(handler, "x")
    logger.info("too low")
    logger.error("a secret")
    logger.error("told")
    handler.close()
    assert heard(listening, 1) == [("log/a/x", "told")]


def test_a_config_as_a_dictionary_makes_one(group: str, listening: Subscriber) -> None:
    logger = logging.getLogger("tests.of.logs")
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "group": {
                "class": "groupwire.sync.LogHandler",
                "group": group,
                "name": "arm1",
                "json": True,
            }
        },
        "loggers": {
            logger.name: {"handlers": ["group"], "level": "INFO", "propagate": False}
        },
    }
    logging.config.dictConfig(config)
    logger.info("hello")
    (handler,) = logger.handlers
    logger.removeHandler(handler)
    handler.close()
    ((topic, text),) = heard(listening, 1)
    assert topic == "log/arm1/tests/of/logs"
    assert json.loads(text)["message"] == "hello"


def test_closing_in_the_thread_that_sends_waits_for_nothing(group: str) -> None:
    handler = LogHandler(group)
    loop_thread().call(handler.close)
    handler.close()
    logger_of(handler).info("too late")
    assert handler.dropped == {"closed": 1}


def test_a_group_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(AddressError):
        LogHandler("10.0.0.1:5000")
    with pytest.raises(UsageError):
        LogHandler(prefix="log/#")


@pytest.mark.parametrize(
    ("logger", "topic"),
    [
        ("a.b", "log/h/a/b"),
        ("a+b#\0.c", "log/h/a_b__/c"),
        ("\ud800", "log/h/?"),
        ("x" * 2000, "log/h/" + "x" * 1018),
        ("ä" * 1000, "log/h/" + "ä" * 509),
    ],
)
def test_the_topic_of_any_logger_is_one(logger: str, topic: str) -> None:
    assert topic_of("log/h", logger) == topic


def test_the_last_records_leave_when_the_interpreter_ends(
    group: str, listening: Subscriber
) -> None:
    program = f"""
import logging
from groupwire.sync import LogHandler
handler = LogHandler({group!r}, name="short")
logging.basicConfig(level="INFO", format="%(message)s", handlers=[handler])
for number in range(50):
    logging.info("%d", number)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert heard(listening, 50) == [("log/short/root", str(n)) for n in range(50)]


def test_a_forked_process_neither_publishes_nor_hangs(
    group: str, listening: Subscriber
) -> None:
    program = f"""
import logging, os, sys
from groupwire.sync import LogHandler
handler = LogHandler({group!r}, name="two")
logging.basicConfig(level="INFO", format="%(message)s", handlers=[handler])
if child := os.fork():
    _, status = os.waitpid(child, 0)
    logging.info("child ended with %d", os.waitstatus_to_exitcode(status))
else:
    logging.info("never")
    sys.exit(7 if handler.dropped == {{"forked": 1}} else 1)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert heard(listening, 1) == [("log/two/root", "child ended with 7")]


@pytest.mark.alone
def test_a_reader_that_takes_nothing_holds_the_end_up_for_moments_only(
    group: str,
) -> None:
    with sync.subscribe(group, config=aio.SubscribeConfig(queue=1)) as reader:
        handler = LogHandler(group)
        logger = logger_of(handler)
        for _ in range(4000):
            logger.info("x" * 10_000)
        began = monotonic()
        handler.close()
        assert monotonic() - began < 3.5
        assert handler.dropped.keys() == {"publisher-full"}
        assert reader.stats.messages < 4000
