"""Media streams: MPEG-TS and its clock, RTP, SDP and SAP (no socket, no clock).

They travel as media programs send and expect them; nothing is repaired.
"""

__all__: list[str] = []
