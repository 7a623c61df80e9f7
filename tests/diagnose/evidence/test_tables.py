from ipaddress import IPv4Address, IPv4Network, IPv6Address

from groupwire.diagnose.evidence.surroundings import Counters, Filtered
from groupwire.diagnose.evidence.tables import (
    parse_counters,
    parse_devices,
    parse_mcfilter,
    parse_pending,
    parse_routes,
    parse_udp,
)

_NETSTAT = """\
TcpExt: SyncookiesSent IPReversePathFilter TCPTimeouts
TcpExt: 0 17 x
IpExt: InNoRoutes
IpExt: 4
"""
_SNMP = """\
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors
Udp: 796436 830 305955 394289 4200
"""
_SNMP6 = "Udp6InDatagrams \t414\nUdp6RcvbufErrors  5\njunk\nUdp6X y\n"
_DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes
    lo: 5511051023  399772    0    0    0     0          0         0 5511051023
  eth0:    1000       12    0    3    0     0          0         0 5511051023
  eth1: junk
"""
_MCFILTER = """\
Idx Device        MCA        SRC    INC    EXC
  2   eth0 0xe8010101 0x0a000007      1      0
  2   eth0 0xe8010101 0x0a000008      0      1
  2   eth0 0xe8010101 nonsense      0      1
"""
_MCFILTER6 = (
    "Idx Device                Multicast Address                   Source Address"
    "    INC    EXC\n"
    "  2   eth0 ff350000000000000000000080000001 fd000000000000000000000000000007"
    "      1      0\n"
)
_UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
  101: 632AFFEF:2710 00000000:0000 07 00000000:00000240 00:00000000 00000000  1000\
        0 1352918 2 00000000f1e1e1e1 49
  102: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0\
        0 77 2 0000000000000000 0
  103: broken
  104: 0000000G:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0\
        0 77 2 0000000000000000 0
"""
_UDP6 = """\
  sl  local_address                         remote_address                        st
  5: 000080FE00000000FF00FC0201000000:2710 00000000000000000000000000000000:0000 07\
 00000000:00000000 00:00000000 00000000     0        0 9 2 0000000000000000 1
"""
_ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\tFE0112C6\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000000E0\t00000000\t0001\t0\t0\t0\t000000F0\t0\t0\t0
tun0\t0000FFEF\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def test_counters_are_found_by_their_names() -> None:
    assert parse_counters(_NETSTAT, _SNMP, _SNMP6) == Counters(
        reverse_path=17, receive_buffer=4200, receive_buffer6=5
    )
    assert parse_counters("", "", "") == Counters()


def test_devices_tell_received_and_dropped() -> None:
    assert parse_devices(_DEV) == {"lo": (399772, 0), "eth0": (12, 3)}


def test_sources_of_both_families() -> None:
    group = IPv4Address("232.1.1.1")
    assert parse_mcfilter(_MCFILTER) == (
        Filtered(2, group, IPv4Address("10.0.0.7"), wanted=True),
        Filtered(2, group, IPv4Address("10.0.0.8"), wanted=False),
    )
    (six,) = parse_mcfilter(_MCFILTER6)
    assert six.group == IPv6Address("ff35::8000:1")
    assert six.source == IPv6Address("fd00::7")


def test_sockets_with_what_they_lost() -> None:
    ours, other = parse_udp(_UDP, "little")
    assert (ours.ip, ours.port) == (IPv4Address("239.255.42.99"), 10_000)
    assert (ours.inode, ours.uid, ours.drops) == (1352918, 1000, 49)
    assert ours.waiting_bytes == 0x240
    assert other.ip.is_unspecified
    (six,) = parse_udp(_UDP6, "little")
    assert six.ip == IPv6Address("fe80::2fc:ff:0:1")


def test_routes_come_narrowest_first() -> None:
    assert parse_routes(_ROUTE, "little") == [
        IPv4Network("239.255.0.0/16"),
        IPv4Network("224.0.0.0/4"),
        IPv4Network("0.0.0.0/0"),
    ]


def test_an_address_on_trial_is_told_by_its_flag() -> None:
    text = """\
fe80000000000000889af7fffe6c0a8f 02 40 20 c0     eth0
fe80000000000000889af7fffe6c0a90 0b 40 20 80     eth1
odd
x x x x zz
"""
    assert parse_pending(text) == {2}
