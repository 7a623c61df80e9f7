"""A chat without a server: everybody in the group is one.

    python chat.py alice
    python chat.py bob kitchen    # another room

What is typed goes to all who are in the room; `quit` or Ctrl-D ends it.
"""

import sys
import threading

from groupwire import sync
from groupwire.aio import Batch, Member, MemberJoined, MemberLeft, Role


def show(chat: sync.Subscriber, me: str) -> None:
    """Print what others say, and who comes and goes."""
    for event in chat.everything():
        match event:
            case Batch(publisher) if publisher.name != me:
                for line in event.payloads:
                    print(f"{publisher}: {printable(line)}", flush=True)
            case MemberJoined(member) if is_other(member, me):
                print(f"* {member} is here", flush=True)
            case MemberLeft(member) if is_other(member, me):
                print(f"* {member} has left", flush=True)
            case _:
                pass


def is_other(member: Member, me: str) -> bool:
    """Return whether somebody else talks here: who talks is a publisher."""
    return member.role is Role.PUBLISHER and member.name != me


def printable(line: bytes) -> str:
    """Return a line without what could drive a terminal."""
    return "".join(filter(str.isprintable, line.decode(errors="replace")))


def main(me: str, room: str = "hall") -> None:
    """Talk until the input ends."""
    topic = f"chat/{room}"
    with sync.subscribe(None, topic, name=me) as chat, sync.publish(name=me) as mouth:
        listening = threading.Thread(target=show, args=[chat, me])
        listening.start()
        try:
            for line in map(str.rstrip, sys.stdin):
                if line == "quit":
                    break
                if line:
                    mouth.send(topic, line.encode())
        finally:
            chat.close()
            listening.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
