"""Values instead of payloads: any codec, and what it does not understand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.aio.places import run

from groupwire import aio
from groupwire.aio.adapters.codec import JSON, Codec, Undecodable, Valued
from groupwire.aio.adapters.values import publish_values, subscribe_values
from groupwire.messages.events import MemberJoined


@dataclass(frozen=True)
class Quote:
    symbol: str
    cents: int


class Model:
    """Shaped as a TypeAdapter of pydantic."""

    def dump_json(self, quote: Quote) -> bytes:
        return f"{quote.symbol}={quote.cents}".encode()

    def validate_json(self, data: bytes) -> Quote:
        symbol, _, cents = data.decode().partition("=")
        return Quote(symbol, int(cents))


class Encoder:
    """Shaped as msgspec's: what encodes and what decodes are two things."""

    def encode(self, value: int) -> bytearray:
        return bytearray(value.to_bytes(4))


class Decoder:
    def decode(self, data: bytes) -> int:
        return int.from_bytes(data)


MODEL: Codec[Quote] = Codec(Model().dump_json, Model().validate_json)
NUMBERS: Codec[int] = Codec(Encoder().encode, Decoder().decode)


def test_who_is_tired_of_waiting_loses_nothing(group: str) -> None:
    async def work() -> None:
        async with (
            subscribe_values(group, codec=NUMBERS, name="one") as values,
            publish_values(group, codec=NUMBERS) as publisher,
        ):
            with pytest.raises(TimeoutError):
                await values.next_value(timeout=0.01)
            assert await publisher.wait_for("one")
            await publisher.send_many("a", [1, 2, 3])
            first, second = await values.next_value(), await anext(values)
            third = await anext(aiter(values))
            assert first is not None
            assert [each.value for each in (first, second, third)] == [1, 2, 3]
            await values.close()
            assert await values.next_value() is None
            assert [value async for value in values] == []

    run(work())


def test_what_json_can_hold_travels(group: str) -> None:
    async def work() -> list[Valued[object]]:
        async with (
            subscribe_values(group, "room/#", codec=JSON) as values,
            publish_values(group, codec=JSON, name="probe") as publisher,
        ):
            await publisher.send("room/1", {"temperature": 21.5, "unit": "°C"})
            sent = await publisher.send_many("room/2", [None, [1, "two"]])
            publisher.send_now("room/3", "last")
            await sent.received()
            return [await anext(aiter(values)) for _ in range(4)]

    values = run(work())
    assert [(one.topic, one.value) for one in values] == [
        ("room/1", {"temperature": 21.5, "unit": "°C"}),
        ("room/2", None),
        ("room/2", [1, "two"]),
        ("room/3", "last"),
    ]
    assert values[0].publisher.name == "probe"
    assert values[0].message.data == '{"temperature":21.5,"unit":"°C"}'.encode()


def test_a_model_travels_by_its_two_functions(group: str) -> None:
    async def work() -> Quote:
        async with (
            subscribe_values(group, codec=MODEL) as quotes,
            publish_values(group, codec=MODEL) as publisher,
        ):
            await publisher.send("quote/ACME", Quote("ACME", 1250))
            return (await anext(aiter(quotes))).value

    assert run(work()) == Quote("ACME", 1250)


def test_a_codec_may_encode_to_any_bytes(group: str) -> None:
    async def work() -> int:
        async with (
            subscribe_values(group, codec=NUMBERS) as numbers,
            publish_values(group, codec=NUMBERS) as publisher,
        ):
            await publisher.send("n", 70_000)
            return (await anext(aiter(numbers))).value

    assert run(work()) == 70_000


def test_what_is_no_value_is_told_in_its_place_and_raises_nothing(group: str) -> None:
    async def work() -> tuple[list[object], dict[str, int]]:
        async with (
            subscribe_values(group, codec=MODEL) as quotes,
            publish_values(group, codec=MODEL) as publisher,
        ):
            await publisher.send("q", Quote("A", 1))
            await publisher.publishing.send("q", b"junk=")
            await publisher.send("q", Quote("B", 2))
            told: list[object] = []
            async for event in quotes.everything():
                if not isinstance(event, MemberJoined):
                    told.append(event)
                if len(told) == 3:
                    break
            return told, dict(quotes.dropped)

    (first, junk, second), dropped = run(work())
    assert isinstance(first, Valued)
    assert isinstance(junk, Undecodable)
    assert isinstance(second, Valued)
    assert (junk.message.data, type(junk.error)) == (b"junk=", ValueError)
    assert second.value == Quote("B", 2)
    assert dropped["undecodable"] == 1


def test_who_iterates_over_values_gets_values_only(group: str) -> None:
    async def work() -> list[Quote]:
        subscribing = subscribe_values(group, codec=MODEL)
        async with subscribing:
            async with publish_values(group, codec=MODEL) as publisher:
                await publisher.publishing.send("q", b"\xff")
                await publisher.send("q", Quote("A", 1))
            await subscribing.close()
            assert "undecodable" not in subscribing.dropped
            return [quote async for quote, _ in subscribing]

    assert run(work()) == [Quote("A", 1)]


def test_what_cannot_be_encoded_is_told_to_who_sends(group: str) -> None:
    async def work() -> int:
        async with publish_values(group, codec=JSON) as publisher:
            with pytest.raises(TypeError):
                await publisher.send("q", object())
            return publisher.publishing.stats.messages

    assert run(work()) == 0


def test_it_closes_as_a_publisher_does(group: str) -> None:
    async def work() -> object:
        async with publish_values(group, codec=JSON) as publisher:
            return await publisher.close()

    closed = run(work())
    assert closed is not None


def test_values_are_found_in_aio() -> None:
    assert aio.publish_values is publish_values
    assert aio.subscribe_values is subscribe_values
    assert aio.JSON is JSON
