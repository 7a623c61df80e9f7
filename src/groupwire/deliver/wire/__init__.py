"""What a delivery says, as octets: words, manifest, seals (docs/delivery.md)."""

__all__: list[str] = []
