import asyncio
from threading import Thread

from groupwire.run.disk.mailbox import Mailbox


async def test_what_threads_post_is_called_in_the_loop_in_order() -> None:
    heard: list[int] = []
    done = asyncio.Event()
    mailbox = Mailbox(asyncio.get_running_loop())

    def work() -> None:
        for number in range(1000):
            mailbox.post(lambda number=number: heard.append(number))
        mailbox.post(done.set)

    thread = Thread(target=work)
    thread.start()
    await asyncio.wait_for(done.wait(), 10)
    thread.join()
    assert heard == list(range(1000))


async def test_one_that_raises_keeps_no_other_from_being_called() -> None:
    heard: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, said: heard.append(said["exception"]))
    mailbox = Mailbox(loop)
    error = KeyError()
    mailbox.fail(error)
    mailbox.post(lambda: heard.append(1))
    await asyncio.sleep(0)
    assert heard == [error, 1]


async def test_a_closed_one_calls_nothing() -> None:
    heard: list[int] = []
    mailbox = Mailbox(asyncio.get_running_loop())
    mailbox.post(lambda: heard.append(1))
    mailbox.close()
    mailbox.post(lambda: heard.append(2))
    await asyncio.sleep(0)
    assert not heard


def test_a_loop_that_is_closed_is_no_error() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    Mailbox(loop).post(print)
