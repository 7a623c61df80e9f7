"""Hosts, switches and routers on one machine, in network namespaces."""

from tests.lab.harness.host import Host
from tests.lab.harness.laboratory import Laboratory
from tests.lab.harness.link import Link, Plan
from tests.lab.harness.process import Process
from tests.lab.harness.rights import NoLaboratoryError
from tests.lab.harness.switch import Switch
from tests.lab.harness.waiting import until

__all__ = [
    "Host",
    "Laboratory",
    "Link",
    "NoLaboratoryError",
    "Plan",
    "Process",
    "Switch",
    "until",
]
