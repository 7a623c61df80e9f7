"""What docs/norm.md says of the code is so: its program, its modules, its numbers."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from tests.test_readme import blocks

from groupwire.norm.rate.adaptive import AdaptiveConfig
from groupwire.norm.receive.config import Join
from groupwire.norm.receive.events import LossReason
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.wire.commands import CongestionFlag, CongestionProbe
from groupwire.norm.wire.head import SenderState
from groupwire.norm.wire.message import decode

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/norm.md").read_text()
OF_OTHERS = {"libnorm1", "NormAddAckingNode", "NormSetAutoAckingNodes"}
MODULES = sorted(set(re.findall(r"`((?:\w+/)*\w+\.py)`", PAGE)))


def test_the_program_prints_what_the_page_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (program,) = blocks(PAGE, "python")
    printed = blocks(PAGE, "text")[0]
    exec(compile(program, "docs/norm.md", "exec"), {"__name__": "docs"})
    assert capsys.readouterr().out == printed


def test_the_page_names_modules() -> None:
    assert len(MODULES) > 30


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_the_page_names_is_there(module: str) -> None:
    assert (ROOT / "src/groupwire/norm" / module).is_file()


def test_every_name_on_the_page_is_one_of_the_code() -> None:
    source = "".join(
        path.read_text()
        for room in ("norm", "testing", "run", "aio")
        for path in (ROOT / "src/groupwire" / room).rglob("*.py")
    )
    known = set(re.findall(r"\w+", source))
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert named - known - OF_OTHERS == set()
    assert len(named) > 40


def test_the_page_tells_every_reason_for_a_loss_and_every_way_to_join() -> None:
    for name in (*LossReason.__members__, *Join.__members__):
        assert f"`{name}`" in PAGE


def test_the_defaults_are_those_of_the_table() -> None:
    config = SenderConfig(1, 1)
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \| ", PAGE, re.MULTILINE))
    assert rows["GRTT at the beginning"] == f"{config.initial_grtt_s} s"
    assert rows["K"] == str(config.backoff)
    assert rows["group size"] == f"{config.members:,}"
    assert rows["robust factor"] == str(config.robust)
    assert rows["segment"] == f"{config.coding.segment_bytes:,} bytes"
    coding = config.coding
    assert rows["block and parity"].startswith(f"{coding.block} and {coding.parity},")
    assert rows["FEC scheme"] == f"fec_id {int(coding.fec_id)}"


def test_the_rate_has_the_defaults_of_the_table() -> None:
    units = {"kB/s": 1e3, "MB/s": 1e6, "GB/s": 1e9, "s": 1.0, "": 1.0}
    for field in fields(AdaptiveConfig):
        told = re.search(rf"^\| `{field.name}` \| ([^|]+) \|", PAGE, re.MULTILINE)
        assert told, field.name
        number, _, unit = told[1].replace(",", "").partition(" ")
        assert float(number) * units[unit] == field.default


PROBE = CongestionProbe(1, 2, SenderState(3, 4, 4, 2), 5, 6, 7, measure=True)


def test_our_extension_is_the_word_that_is_drawn() -> None:
    data = PROBE.encode()
    assert data.endswith(bytes((199, 0, 0, 0)))
    assert decode(data) == PROBE
    assert CongestionFlag.MEASURED == 0x40


def test_an_extension_that_nobody_knows_is_skipped() -> None:
    data = PROBE.encode()[:-4] + bytes((198, 0, 0, 0))
    assert decode(data) == replace(PROBE, measure=False)
