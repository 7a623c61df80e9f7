"""Looking at the network, for asyncio: ping, watch, replay, load."""

__all__: list[str] = []
