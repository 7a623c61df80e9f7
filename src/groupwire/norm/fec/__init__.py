"""Forward error correction: parity for blocks, erasures filled."""
