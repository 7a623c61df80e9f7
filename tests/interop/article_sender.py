"""Does what the well-known article's sender does; plain sockets, no arguments.

One message to 224.3.29.71 port 10000, TTL 1, and every answer until 0.2 s pass without
one. It takes 16 bytes of each answer and ends with 0, answered or not.
"""
# ruff: noqa: T201 - it prints, as the article's does

import socket
import struct

GROUP = ("224.3.29.71", 10_000)
MESSAGE = b"very important data"
SILENCE_S = 0.2
ANSWER_BYTES = 16


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(SILENCE_S)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, struct.pack("b", 1))
        try:
            print(f"sending {MESSAGE!r}")
            s.sendto(MESSAGE, GROUP)
            gather(s)
        finally:
            print("closing socket")


def gather(s: socket.socket) -> None:
    while True:
        print("waiting to receive")
        try:
            data, sender = s.recvfrom(ANSWER_BYTES)
        except TimeoutError:
            print("timed out, no more responses")
            return
        print(f"received {data!r} from {sender}")


if __name__ == "__main__":
    main()
