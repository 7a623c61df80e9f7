"""What a group's address is meant for: its assignment block and well-known name.

IPv4 follows the table of RFC 5771 section 3 and what later RFCs made of it, IPv6 the
flags of RFC 4291, 3306 and 3956. Of IANA's single assignments only those stand here
that people meet on their own networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from groupwire.values.scope import is_source_specific

__all__ = ["Block", "block_of", "well_known"]


@dataclass(frozen=True, slots=True)
class Block:
    """A range of addresses and its purpose.

    ``use`` says what it is for, ``advice`` what somebody should heed who takes a group
    from it for a program of their own; empty when that is what it is for.
    """

    name: str
    range: str
    rfc: str
    use: str
    advice: str = ""


def block_of(ip: IPv4Address | IPv6Address) -> Block:
    """Return the block that a group's address lies in."""
    if isinstance(ip, IPv6Address):
        return _block6(ip)
    return next(block for last, block in _IPV4 if ip <= last)


def well_known(ip: IPv4Address | IPv6Address) -> str | None:
    """Return what a well-known group is used for, and by which RFC."""
    if isinstance(ip, IPv4Address):
        return _NAMES4.get(str(ip))
    if ip in _SOLICITED_NODE:
        return "Neighbour Discovery, solicited-node (RFC 4291)"
    assigned = ip.packed[1] >> 4 == 0
    any_scope = _NAMES6_ANY_SCOPE.get(_group_id(ip)) if assigned else None
    return any_scope or _NAMES6.get(str(ip))


_OWN4 = "for groups of your own take 239.255.0.0/16"
_RESERVED_ADVICE = (
    f"applications must not use reserved space (RFC 5771 section 13); {_OWN4}"
)
_ADHOC_USE = "assigned global space for single applications, may be routed globally"
_ADHOC_ADVICE = f"assigned global space; unless it was assigned to you, {_OWN4}"
_ADHOC_RFC = "RFC 5771 section 6"


def _reserved(first: str, last: str) -> tuple[IPv4Address, Block]:
    return _range(
        first, last, "RESERVED", "RFC 5771 section 3", "nothing yet", _RESERVED_ADVICE
    )


def _adhoc(first: str, last: str, number: str) -> tuple[IPv4Address, Block]:
    name = f"AD-HOC Block {number}"
    return _range(first, last, name, _ADHOC_RFC, _ADHOC_USE, _ADHOC_ADVICE)


def _scoped(
    first: str, last: str, part: str = "", section: str = ""
) -> tuple[IPv4Address, Block]:
    return _range(
        first,
        last,
        f"Administratively Scoped Block{part}",
        f"RFC 2365 section {section}" if section else "RFC 2365",
        "local use within a domain; nobody assigns it",
        "" if part else f"this part has no scope yet; {_OWN4}",
    )


def _range(first: str, last: str, *facts: str) -> tuple[IPv4Address, Block]:
    name, rfc, use, advice = facts
    return IPv4Address(last), Block(name, f"{first} to {last}", rfc, use, advice)


# Ascending and without gaps, so that the first block that does not end below an
# address is the one it lies in.
_IPV4 = (
    _range(
        "224.0.0.0",
        "224.0.0.255",
        "Local Network Control Block",
        "RFC 5771 section 4",
        "protocol control traffic that is not forwarded off link",
        f"for routing protocols and the like; {_OWN4}",
    ),
    _range(
        "224.0.1.0",
        "224.0.1.255",
        "Internetwork Control Block",
        "RFC 5771 section 5",
        "protocol control traffic that may be forwarded through the Internet",
        _ADHOC_ADVICE,
    ),
    _adhoc("224.0.2.0", "224.0.255.255", "I"),
    _reserved("224.1.0.0", "224.1.255.255"),
    _range(
        "224.2.0.0",
        "224.2.255.255",
        "SDP/SAP Block",
        "RFC 5771 section 7",
        "sessions announced by SAP (RFC 2974)",
        f"it must not be used for other purposes; {_OWN4}",
    ),
    _adhoc("224.3.0.0", "224.4.255.255", "II"),
    _reserved("224.5.0.0", "224.255.255.255"),
    _reserved("225.0.0.0", "231.255.255.255"),
    _range(
        "232.0.0.0",
        "232.0.0.255",
        "Source-Specific Multicast Block",
        "RFC 4607 section 4.3",
        "source-specific services that IANA gives a fixed address",
        "IANA assigns this part; for channels of your own take a higher one, at random",
    ),
    _range(
        "232.0.1.0",
        "232.255.255.255",
        "Source-Specific Multicast Block",
        "RFC 5771 section 8, RFC 4607",
        "source-specific multicast; the sender chooses, nobody assigns it",
        "",
    ),
    _range(
        "233.0.0.0",
        "233.251.255.255",
        "GLOP Block",
        "RFC 5771 section 9, RFC 3180",
        "the autonomous system whose number stands in the middle two octets",
        f"unless it is your autonomous system, {_OWN4}",
    ),
    _range(
        "233.252.0.0",
        "233.252.0.255",
        "MCAST-TEST-NET",
        "RFC 5771 section 9.2",
        "documentation and example code",
        f"it must not appear on the public Internet; {_OWN4}",
    ),
    _adhoc("233.252.1.0", "233.255.255.255", "III"),
    _range(
        "234.0.0.0",
        "234.255.255.255",
        "Unicast-Prefix-Based Block",
        "RFC 6034",
        "the network whose unicast prefix follows the first octet",
        f"unless it is your network, {_OWN4}",
    ),
    _reserved("235.0.0.0", "238.255.255.255"),
    _scoped("239.0.0.0", "239.191.255.255", section="6.2.1"),
    _scoped("239.192.0.0", "239.195.255.255", ", Organization Local Scope", "6.2"),
    _scoped("239.196.0.0", "239.252.255.255"),
    _scoped("239.253.0.0", "239.254.255.255", ", Local Scope expansion", "6.1.1"),
    _scoped("239.255.0.0", "239.255.255.255", ", Local Scope", "6.1"),
)

_DOCUMENTATION_ID = IPv6Network("::db8:0:0/96")
_SOLICITED_NODE = IPv6Network("ff02::1:ff00:0/104")
_UNDEFINED = Block(
    "undefined",
    "ff00::/8",
    "RFC 4291 section 2.7",
    "nothing yet: the third digit of the address has no meaning",
    "take the third digit 1, as in ff15::4242",
)


def _block6(ip: IPv6Address) -> Block:
    flags = ip.packed[1] >> 4
    if is_source_specific(ip):
        return _ssm6(ip)
    if flags == 0 and _group_id(ip) in _DOCUMENTATION_ID:
        return _DOCUMENTATION6
    return _IPV6.get(flags, _UNDEFINED)


def _ssm6(ip: IPv6Address) -> Block:
    last = int(ip) & 0xFFFF_FFFF
    if last >= 0x8000_0000:
        use, advice = "source-specific multicast; the sender's host chooses", ""
    elif last >= 0x4000_0000:
        use = "source-specific services that IANA gives a fixed address"
        advice = f"IANA assigns this part; {_OWN_SSM6}"
    else:
        use = "nothing: this part is invalid (RFC 4607 section 1)"
        advice = f"this part is invalid, routers and hosts may drop it; {_OWN_SSM6}"
    return Block("Source-Specific Multicast", "ff3x::/32", "RFC 4607", use, advice)


_OWN_SSM6 = "for channels of your own take one from ff3x::8000:0 upwards"
_DOCUMENTATION6 = Block(
    "for documentation",
    "ff0x::db8:0:0/96",
    "RFC 6676",
    "documentation and example code",
    "it must not appear on the public Internet",
)
_IPV6 = {
    0x0: Block(
        "for permanent assignments",
        "ff0x::/16",
        "RFC 4291 section 2.7",
        "groups that IANA assigns to one purpose",
        "groups of your own have a 1 as third digit, as in ff15::4242",
    ),
    0x1: Block(
        "transient",
        "ff1x::/16",
        "RFC 4291 section 2.7",
        "groups that programs choose themselves",
    ),
    0x3: Block(
        "unicast-prefix-based",
        "ff3x::/16",
        "RFC 3306",
        "the network whose unicast prefix stands in the address",
    ),
    0x7: Block(
        "embedded rendezvous point",
        "ff7x::/16",
        "RFC 3956",
        "the network whose rendezvous point stands in the address",
    ),
}


def _group_id(ip: IPv6Address) -> IPv6Address:
    return IPv6Address(int(ip) & ((1 << 112) - 1))


_NAMES4 = {
    "224.0.0.1": "all hosts on this link (RFC 1112)",
    "224.0.0.2": "all routers on this link (RFC 1112)",
    "224.0.0.5": "OSPF, all routers (RFC 2328)",
    "224.0.0.6": "OSPF, designated routers (RFC 2328)",
    "224.0.0.9": "RIP version 2 (RFC 2453)",
    "224.0.0.13": "PIM, all routers (RFC 7761)",
    "224.0.0.18": "VRRP (RFC 9568)",
    "224.0.0.22": "IGMPv3 reports (RFC 3376)",
    "224.0.0.106": "multicast router discovery, all snoopers (RFC 4286)",
    "224.0.0.107": "PTP, peer delay (IEEE 1588)",
    "224.0.0.251": "mDNS (RFC 6762)",
    "224.0.0.252": "LLMNR (RFC 4795)",
    "224.0.1.1": "NTP (RFC 5905)",
    "224.0.1.68": "MADCAP, server discovery (RFC 2730)",
    "224.0.1.75": "SIP, all servers (RFC 3261)",
    "224.0.1.129": "PTP (IEEE 1588)",
    "224.0.1.187": "CoAP, all nodes (RFC 7252)",
    "224.2.127.254": "SAP announcements (RFC 2974)",
    "239.195.255.255": "SAP announcements, organization-local (RFC 2974)",
    "239.255.255.250": "SSDP, the discovery of UPnP",
    "239.255.255.252": "MZAP (RFC 2776)",
    "239.255.255.253": "SLP (RFC 2608)",
    "239.255.255.254": "MADCAP (RFC 2730)",
    "239.255.255.255": "SAP announcements, local (RFC 2974)",
}
_NAMES6 = {
    "ff01::1": "all nodes on this interface (RFC 4291)",
    "ff02::1": "all nodes on this link (RFC 4291)",
    "ff01::2": "all routers on this interface (RFC 4291)",
    "ff02::2": "all routers on this link (RFC 4291)",
    "ff05::2": "all routers of this site (RFC 4291)",
    "ff02::5": "OSPF, all routers (RFC 5340)",
    "ff02::6": "OSPF, designated routers (RFC 5340)",
    "ff02::9": "RIPng (RFC 2080)",
    "ff02::d": "PIM, all routers (RFC 7761)",
    "ff02::12": "VRRP (RFC 9568)",
    "ff02::16": "MLDv2 reports (RFC 3810)",
    "ff02::6a": "multicast router discovery, all snoopers (RFC 4286)",
    "ff02::6b": "PTP, peer delay (IEEE 1588)",
    "ff02::1:2": "DHCPv6, agents and servers (RFC 8415)",
    "ff02::1:3": "LLMNR (RFC 4795)",
    "ff05::1:3": "DHCPv6, all servers (RFC 8415)",
}
_NAMES6_ANY_SCOPE = {
    IPv6Address("::c"): "SSDP, the discovery of UPnP",
    IPv6Address("::fb"): "mDNS (RFC 6762)",
    IPv6Address("::fd"): "CoAP, all nodes (RFC 7252)",
    IPv6Address("::101"): "NTP (RFC 5905)",
    IPv6Address("::181"): "PTP (IEEE 1588)",
    IPv6Address("::2:7ffe"): "SAP announcements (RFC 2974)",
}
