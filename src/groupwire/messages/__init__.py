"""Publish and subscribe over NORM (docs/messages.md): topics, presence, queues.

Rules only, without a socket, a clock or dice of its own.
"""
