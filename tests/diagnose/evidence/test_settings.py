from pathlib import Path

from groupwire.diagnose.evidence.settings import (
    LinkSettings,
    read_number,
    read_settings,
)


def _write(root: Path, **values: object) -> None:
    for key, value in values.items():
        path = root / key.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")


def test_settings_of_the_machine(tmp_path: Path) -> None:
    _write(
        tmp_path,
        ipv4__conf__all__rp_filter=2,
        ipv4__conf__all__force_igmp_version=2,
        ipv4__igmp_max_memberships=20,
        core__rmem_max=4194304,
    )
    settings = read_settings(tmp_path)
    assert (settings.rp_filter, settings.force_igmp) == (2, 2)
    assert (settings.memberships, settings.buffer_most_bytes) == (20, 4194304)
    assert (settings.sources, settings.force_mld) == (None, 0)
    assert settings.buffers_settable


def test_a_setting_that_nobody_may_write_is_the_hosts(tmp_path: Path) -> None:
    _write(tmp_path, core__rmem_max=4194304)
    (tmp_path / "core/rmem_max").chmod(0o444)
    assert not read_settings(tmp_path).buffers_settable
    assert not read_settings(tmp_path / "missing").buffers_settable


def test_settings_of_an_interface(tmp_path: Path) -> None:
    _write(
        tmp_path,
        ipv4__conf__eth0__rp_filter=1,
        ipv4__conf__eth0__force_igmp_version=3,
        ipv6__conf__eth0__force_mld_version=1,
        ipv6__conf__eth0__disable_ipv6=0,
    )
    link = LinkSettings("eth0", tmp_path)
    assert (link.rp_filter, link.force_igmp, link.force_mld) == (1, 3, 1)
    assert link.ipv6
    other = LinkSettings("eth1", tmp_path)
    assert (other.rp_filter, other.force_igmp, other.force_mld) == (None, 0, 0)
    assert not other.ipv6


def test_what_is_no_number_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("many")
    assert read_number(tmp_path / "odd") is None
    assert read_number(tmp_path / "missing") is None
