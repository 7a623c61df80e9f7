"""Does what the well-known article's receiver does; plain sockets, no arguments.

It joins 224.3.29.71 by the route's interface, shows what comes to port 10000 on any
address, and acknowledges it from that port. It shares the port with nobody, reads 1024
bytes of each message, and never ends.
"""
# ruff: noqa: T201 - it prints, as the article's does

import socket
import struct

GROUP = "224.3.29.71"
PORT = 10_000
MESSAGE_BYTES = 1024


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", PORT))
        # As the article packs it: 16 bytes where a long has eight, and the kernel
        # takes the second half for an interface index, which 0 leaves to the route.
        membership = struct.pack("4sL", socket.inet_aton(GROUP), socket.INADDR_ANY)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        while True:
            acknowledge(s)


def acknowledge(s: socket.socket) -> None:
    print("\nwaiting to receive message")
    data, sender = s.recvfrom(MESSAGE_BYTES)
    print(f"received {len(data)} bytes from {sender}")
    print(data)
    print("sending acknowledgement to", sender)
    s.sendto(b"ack", sender)


if __name__ == "__main__":
    main()
