"""The options that both NORM peers understand, ours and the reference's."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction
from typing import NamedTuple

__all__ = ["Parsers", "numbers", "parsers"]


class Parsers(NamedTuple):
    """The whole, and its two roles, to which each peer adds its own."""

    whole: ArgumentParser
    send: ArgumentParser
    receive: ArgumentParser


def parsers(prog: str, description: str | None) -> Parsers:
    parser = ArgumentParser(prog=prog, description=description)
    roles = parser.add_subparsers(dest="role", required=True)
    send, receive = roles.add_parser("send"), roles.add_parser("receive")
    for role in (send, receive):
        role.add_argument("--group", default="239.255.7.7")
        role.add_argument("--port", type=int, default=6003)
        role.add_argument("--interface", default="lo")
        role.add_argument("--tx-loss", type=float, default=0.0, help="percent")
        role.add_argument("--rx-loss", type=float, default=0.0, help="percent")
        role.add_argument("--timeout", type=float, default=30.0)
        role.add_argument("--dice", type=int, default=1, help="of losses and backoffs")
    _add_sending(send)
    _add_code(send)
    _add_receiving(receive)
    return Parsers(parser, send, receive)


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _add_sending(send: ArgumentParser) -> None:
    send.add_argument("--node", type=int, default=1)
    send.add_argument("--size", type=int, default=10_000)
    send.add_argument("--count", type=int, default=1)
    send.add_argument("--seed", type=int, default=0)
    send.add_argument("--info", type=bytes.fromhex, default=b"", help="in hex")
    send.add_argument("--files", action="store_true", help="objects are files")
    send.add_argument("--stream", action="store_true", help="objects are messages")
    send.add_argument("--stream-buffer", type=int, default=1 << 20)
    send.add_argument("--command", type=bytes.fromhex, default=b"", help="in hex")
    send.add_argument("--ack", type=numbers, default=[], help="NODE,NODE")
    send.add_argument("--rate", type=float, default=10e6, help="bits per second")
    send.add_argument("--grtt", type=float, default=0.01, help="first estimate")
    send.add_argument("--backoff", type=int, default=4)
    send.add_argument("--group-size", type=int, default=10)
    send.add_argument("--robust", type=int, default=20)
    send.add_argument("--cache", type=int, default=4096, help="objects kept at most")
    send.add_argument("--cancel", type=numbers, default=[], help="these, before hold")
    send.add_argument("--hold", type=float, default=0.0, help="keep repairing so long")


def _add_code(send: ArgumentParser) -> None:
    send.add_argument("--segment", type=int, default=1024)
    send.add_argument("--block", type=int, default=64)
    send.add_argument("--parity", type=int, default=8)
    send.add_argument("--auto-parity", type=int, default=0)
    send.add_argument("--fec", type=int, choices=(5, 2, 129), default=5)
    send.add_argument("--instance", type=int, default=1)


def _add_receiving(receive: ArgumentParser) -> None:
    receive.add_argument("--node", type=int, default=2)
    receive.add_argument("--count", type=int, default=1, help="of objects; 0: endless")
    receive.add_argument("--stream-bytes", type=int, default=0, help="instead of count")
    receive.add_argument("--unicast-nacks", action=BooleanOptionalAction, default=False)
    receive.add_argument("--sync", choices=("current", "stream", "all"), default="all")
    receive.add_argument("--silent", action="store_true")
    receive.add_argument("--hold", type=float, default=0.5, help="answer so long after")
