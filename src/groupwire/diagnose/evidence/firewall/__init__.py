"""The rules that a packet has to pass, whichever program wrote them."""

__all__: list[str] = []
