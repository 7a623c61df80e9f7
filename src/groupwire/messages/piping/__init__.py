"""A pipe: bytes of one sender, as messages under topics of their own (docs §8)."""
