from pathlib import Path

import pytest

from groupwire.diagnose.evidence.places import Marks, place_of, read_marks
from groupwire.diagnose.evidence.surroundings import Place


def test_nothing_special() -> None:
    assert place_of(Marks(cgroup="0::/init.scope", release="6.1.0")) == Place()


@pytest.mark.parametrize(
    ("marks", "container", "evidence"),
    [
        (Marks(files=frozenset(["/.dockerenv"])), "Docker", "/.dockerenv exists"),
        (Marks(cgroup="0::/lxc/7"), "LXC", "/proc/1/cgroup: lxc"),
        (Marks(environment={"container": "podman"}), "podman", "$container is set"),
        (Marks(environment={"container": ""}), "container", "$container is set"),
        (
            Marks(environment={"ECS_CONTAINER_METADATA_URI_V4": "x"}),
            "Amazon ECS",
            "$ECS_CONTAINER_METADATA_URI_V4 is set",
        ),
    ],
)
def test_containers_leave_marks(marks: Marks, container: str, evidence: str) -> None:
    place = place_of(marks)
    assert (place.container, place.evidence) == (container, (evidence,))


def test_a_pod_is_one_whatever_runs_it() -> None:
    marks = Marks(
        files=frozenset(["/.dockerenv"]),
        environment={"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
    )
    place = place_of(marks)
    assert (place.container, place.kubernetes) == ("Kubernetes", True)


def test_clouds_sign_their_machines() -> None:
    assert place_of(Marks(dmi={"sys_vendor": "Hetzner"})).cloud == "Hetzner Cloud"
    tag = "7783-7084-3265-9085-8269-3286-77"
    azure = place_of(Marks(dmi={"chassis_asset_tag": tag}))
    assert azure.cloud == "Microsoft Azure"
    assert place_of(Marks(dmi={"sys_vendor": "LENOVO"})).cloud == ""
    google = {"sys_vendor": "Google", "product_name": "Google Compute Engine"}
    assert place_of(Marks(dmi=google)).cloud == "Google Cloud"
    chromebook = {"sys_vendor": "Google", "product_name": "Eve"}
    assert place_of(Marks(dmi=chromebook)).cloud == ""


def test_windows_names_the_kernel() -> None:
    place = place_of(Marks(release="5.15.90.1-microsoft-standard-WSL2\n"))
    assert place.wsl
    assert "WSL2" in place.evidence[0]


def test_marks_are_read_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("container", "lxc")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4", raising=False)
    (tmp_path / ".dockerenv").touch()
    (tmp_path / "sys/class/dmi/id").mkdir(parents=True)
    (tmp_path / "sys/class/dmi/id/sys_vendor").write_text("Vultr\n")
    marks = read_marks(tmp_path)
    assert marks.files == {"/.dockerenv"}
    assert marks.dmi["sys_vendor"] == "Vultr"
    assert marks.environment == {"container": "lxc"}
    assert (marks.cgroup, marks.release) == ("", "")
