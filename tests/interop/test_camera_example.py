"""The example with a camera: ffmpeg on one host, screens on others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lab.harness import Host, Laboratory, Process

from groupwire.probe.sequence import ContinuityMeter

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None,
    reason="there is no ffmpeg; on Debian: apt-get install ffmpeg",
)

_CAMERA = Path(__file__).parents[2] / "examples" / "camera.sh"


def camera(host: Host, *words: str) -> Process:
    """Run the example there, with our ``groupwire`` in its path."""
    path = f"PATH={Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    return host.popen("env", path, "LENGTH=3", "sh", str(_CAMERA), *words)


def test_all_screens_show_what_the_camera_sends(
    lab: Laboratory, tmp_path: Path
) -> None:
    gate, *screens = lab.segment(3)
    gate.run("ip", "route", "replace", "239.0.0.0/8", "dev", gate.link.name)
    films = [tmp_path / f"{n}.ts" for n, _ in enumerate(screens)]
    shown = []
    for screen, film in zip(screens, films, strict=True):
        shown.append(camera(screen, "screen", "sh", "-c", f"cat > {film}"))
        screen.wait_for("239.255.42.99")
    sending = camera(gate, "send")
    assert sending.finish(within=30.0) == 0, sending.errors
    for process, film in zip(shown, films, strict=True):
        assert process.finish(within=30.0) == 0, process.errors
        meter = ContinuityMeter()
        meter.take(film.read_bytes())
        assert meter.counts.gaps == 0
        assert film.stat().st_size > 100_000
    assert films[0].read_bytes() == films[1].read_bytes()


def test_the_camera_says_how_it_is_used() -> None:
    done = subprocess.run(["sh", str(_CAMERA)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
