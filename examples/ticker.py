"""A stock ticker: prices to any number of screens, of each the newest.

    python ticker.py publish
    python ticker.py show ACME GLOBE    # without symbols: all of them

`latest` repairs a lost price only as long as nothing newer is there, and a screen that
is slow gets the newest. A screen that comes late begins with the last price of each.
"""

import asyncio
import random
import sys

from groupwire import aio

SYMBOLS = {"ACME": 12.50, "GLOBE": 98.20, "HOOLI": 451.00}


async def publish() -> None:
    """Publish a new price about twenty times a second."""
    prices = dict(SYMBOLS)
    config = aio.PublishConfig(delivery=aio.Delivery.LATEST)
    async with aio.publish_values(
        name="exchange", codec=aio.JSON, config=config
    ) as out:
        while True:
            symbol = random.choice(list(prices))
            prices[symbol] = round(prices[symbol] * random.uniform(0.99, 1.01), 2)
            await out.send(f"price/{symbol}", prices[symbol])
            await asyncio.sleep(0.05)


async def show(*symbols: str) -> None:
    """Print each price as it comes, with how it has moved."""
    topics = [f"price/{symbol}" for symbol in symbols] or ["price/+"]
    config = aio.SubscribeConfig(start_at=aio.StartAt.LAST_VALUE)
    before: dict[str, float] = {}
    async with aio.subscribe_values(
        None, *topics, codec=aio.JSON, config=config
    ) as ticks:
        async for price, message in ticks:
            symbol = message.topic.removeprefix("price/")
            moved = price - before.get(symbol, price)
            before[symbol] = price
            print(f"{symbol:6} {price:9.2f} {moved:+.2f}", flush=True)


if __name__ == "__main__":
    work = publish() if sys.argv[1:] == ["publish"] else show(*sys.argv[2:])
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
