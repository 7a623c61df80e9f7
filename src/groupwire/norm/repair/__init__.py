"""Repair needs as values: gathered by receivers, aggregated by senders."""
