import struct
from ipaddress import ip_address

import pytest

from groupwire.net.options import (
    LINUX,
    MACOS,
    WINDOWS,
    SocketOption,
    System,
    bind_address,
    join_option,
    leave_option,
    offload_option,
    receive_options,
    send_options,
)

GROUP4 = ip_address("239.255.42.99")
GROUP6 = ip_address("ff12::4242")


def labels(options: tuple[SocketOption, ...]) -> list[str]:
    return [o.label for o in options]


def test_linux_is_strict_by_binding_and_by_turning_all_groups_off() -> None:
    options = receive_options(LINUX, 4)
    assert SocketOption("IP_MULTICAST_ALL", 0, 49, 0) in options
    assert bind_address(LINUX, GROUP4, 10000, 0) == ("239.255.42.99", 10000)


def test_old_kernels_may_refuse_the_younger_ipv6_option() -> None:
    (option,) = [o for o in receive_options(LINUX, 6) if "ALL" in o.label]
    assert (option.number, option.value, option.needed) == (29, 0, False)


def test_packet_info_is_needed_where_the_system_cannot_be_strict() -> None:
    def needed(system: System, version: int) -> bool:
        options = receive_options(system, version)
        (info,) = [o for o in options if o.label.endswith("RECVPKTINFO")]
        return info.needed

    assert not needed(LINUX, 4)
    assert needed(LINUX, 6)
    assert needed(WINDOWS, 4)


def test_a_link_local_group_is_bound_with_its_zone() -> None:
    assert bind_address(LINUX, GROUP6, 10000, 3) == ("ff12::4242", 10000, 0, 3)


def test_windows_binds_to_the_wildcard() -> None:
    assert bind_address(WINDOWS, GROUP4, 10000, 0) == ("0.0.0.0", 10000)
    assert bind_address(WINDOWS, GROUP6, 10000, 3) == ("::", 10000, 0, 0)


def test_macos_shares_a_port_only_with_reuseport() -> None:
    assert "SO_REUSEPORT" in labels(receive_options(MACOS, 4))
    assert "SO_REUSEPORT" not in labels(receive_options(LINUX, 4))


def test_linux_joins_by_index() -> None:
    option = join_option(LINUX, GROUP4, 7, None)
    assert (option.label, option.level, option.number) == ("MCAST_JOIN_GROUP", 0, 42)
    assert isinstance(option.value, bytes)
    assert len(option.value) == 136  # struct group_req
    assert struct.unpack_from("=I4xHH4s", option.value) == (7, 2, 0, GROUP4.packed)


def test_a_source_stands_behind_the_group() -> None:
    source = ip_address("10.0.0.7")
    option = join_option(LINUX, GROUP4, 7, source)
    assert (option.label, option.number) == ("MCAST_JOIN_SOURCE_GROUP", 46)
    assert isinstance(option.value, bytes)
    assert len(option.value) == 264  # struct group_source_req
    assert struct.unpack_from("=HH4s", option.value, 136) == (2, 0, source.packed)


def test_macos_packs_the_request_and_tells_lengths() -> None:
    option = join_option(MACOS, GROUP6, 4, None)
    assert (option.level, option.number) == (41, 80)
    assert isinstance(option.value, bytes)
    assert len(option.value) == 132
    index, size, family = struct.unpack_from("=IBB", option.value)
    assert (index, size, family) == (4, 28, 30)


@pytest.mark.parametrize(
    ("system", "number", "with_source"),
    [(LINUX, 45, 47), (MACOS, 81, 83), (WINDOWS, 42, 46)],
)
def test_leaving_undoes_joining(system: System, number: int, with_source: int) -> None:
    source = ip_address("10.0.0.7")
    assert leave_option(system, GROUP4, 2, None).number == number
    assert leave_option(system, GROUP4, 2, source).number == with_source
    join, leave = (
        join_option(system, GROUP4, 2, None),
        leave_option(system, GROUP4, 2, None),
    )
    assert join.value == leave.value


def sending(system: System, version: int, **kwargs: object) -> dict[str, int | bytes]:
    address = ip_address("10.0.0.5" if version == 4 else "fe80::5")
    options = send_options(
        system, version, index=3, address=address, ttl_hops=255, loopback=True, **kwargs
    )
    return {o.label: o.value for o in options}


def test_the_way_out_is_named_by_index_with_the_address_beside_it() -> None:
    value = sending(LINUX, 4)["IP_MULTICAST_IF"]
    assert value == struct.pack("@4s4si", bytes(4), ip_address("10.0.0.5").packed, 3)


def test_windows_takes_the_index_in_network_order() -> None:
    assert sending(WINDOWS, 4)["IP_MULTICAST_IF"] == b"\0\0\0\3"


def test_ipv6_names_the_way_out_by_index_alone() -> None:
    assert sending(LINUX, 6)["IPV6_MULTICAST_IF"] == 3


def test_a_ttl_of_255_is_sent_as_it_is() -> None:
    assert sending(LINUX, 4)["IP_MULTICAST_TTL"] == 255
    assert sending(LINUX, 6)["IPV6_MULTICAST_HOPS"] == 255


def test_dscp_fills_the_upper_six_bits() -> None:
    assert sending(LINUX, 4, dscp=46)["IP_TOS"] == 184
    assert sending(LINUX, 6, dscp=46)["IPV6_TCLASS"] == 184
    assert "IP_TOS" not in sending(LINUX, 4)


def test_an_interface_without_an_address_is_named_by_index() -> None:
    options = send_options(LINUX, 4, index=9, address=None, ttl_hops=1, loopback=False)
    assert options[0].value == struct.pack("@8si", bytes(8), 9)
    assert options[2].value == 0


def test_only_linux_is_said_to_be_tested() -> None:
    assert [s.name for s in (LINUX, MACOS, WINDOWS) if s.tested] == ["Linux"]


def test_coalesced_receive_is_a_comfort() -> None:
    assert offload_option(receive=True) == SocketOption("UDP_GRO", 17, 104, 1, False)
