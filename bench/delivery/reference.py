"""The reference NORM as a program that sends or receives one file: nothing round it.

python -m bench.delivery.reference GROUP PORT INTERFACE send FILE NODES RATE
python -m bench.delivery.reference GROUP PORT INTERFACE receive DIR NODE
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.interop.libnorm import Event, Instance, Session, info, need

_BUFFER_BYTES = 64 << 20
_SOCKET_BYTES = 8 << 20
# Parity on demand (16 of 64, 8 of 32) is no faster where 5 % are lost.
_SEGMENT, _BLOCK, _PARITY = 1400, 64, 0
_GIVEN_UP_S = 120.0
_STAYS_S = 1.0


def main() -> int:
    group, port, interface, role, *rest = sys.argv[1:]
    with TemporaryDirectory() as scratch:
        node = 1 if role == "send" else int(rest[1])
        directory = Path(scratch if role == "send" else rest[0])
        instance = Instance(directory)
        session = instance.session(group, int(port), node)
        session.share(interface)
        if role == "send":
            path, nodes, rate = rest
            done = _send(instance, session, path, nodes.split(","), float(rate))
        else:
            done = _receive(instance, session, directory)
        instance.close()
    return 0 if done else 1


def _send(
    instance: Instance, session: Session, path: str, nodes: list[str], rate: float
) -> bool:
    session.call("SetGrttEstimate", 0.01)
    session.call("SetBackoffFactor", 4.0)
    session.call("SetGroupSize", 10)
    session.call("SetTxRate", rate)
    session.need("StartSender", 1, _BUFFER_BYTES, _SEGMENT, _BLOCK, _PARITY, 0)
    session.need("SetTxSocketBuffer", _SOCKET_BYTES)
    for node in nodes:
        session.need("AddAckingNode", int(node))
    name = Path(path).name.encode()
    sent = session.need("FileEnqueue", path.encode(), name, len(name))
    session.need("SetWatermark", sent, False)
    deadline = time.monotonic() + _GIVEN_UP_S
    while (left := deadline - time.monotonic()) > 0:
        happening = instance.next(min(left, 1.0))
        if happening and happening.event is Event.TX_WATERMARK_COMPLETED:
            status = session.ack_status(map(int, nodes)).values()
            return all(s.name == "SUCCESS" for s in status)
    return False


def _receive(instance: Instance, session: Session, directory: Path) -> bool:
    session.need("StartReceiver", _BUFFER_BYTES)
    session.need("SetRxSocketBuffer", _SOCKET_BYTES)
    while happening := instance.next(_GIVEN_UP_S):
        if happening.event is Event.RX_OBJECT_COMPLETED and happening.object:
            _rename(happening.object, directory)
            break
    else:
        return False
    until = time.monotonic() + _STAYS_S
    while (left := until - time.monotonic()) > 0:  # the acknowledgement may be lost
        instance.next(left)
    return True


def _rename(of: int, directory: Path) -> None:
    import ctypes

    name = ctypes.create_string_buffer(4096)
    need("FileGetName", of, name, 4096)
    Path(name.value.decode()).rename(directory / info(of).decode())


if __name__ == "__main__":
    sys.exit(main())
