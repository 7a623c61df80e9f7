"""Looking at the network: sequences, flows, captures, ssmping. Rules only."""

__all__: list[str] = []
