"""``doctor``: says why nothing arrives, and what mends it. It changes nothing."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupwire.cli.exits import ExitCode
from groupwire.cli.options.common import Place, Speech, TtlOption, Where
from groupwire.cli.options.probing.doctoring import DoctorOptions
from groupwire.cli.plumbing import signals
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.plumbing.stopping import to_its_end
from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.doctor.for_people import DoctorText
from groupwire.cli.render.probing.doctor.for_programs import DoctorJson
from groupwire.errors import UsageError

if TYPE_CHECKING:
    from groupwire.diagnose import Diagnosis
    from groupwire.diagnose.check import Question

__all__ = ["doctor"]


@spread
def doctor(
    options: DoctorOptions, place: Place, speech: Speech, ttl: TtlOption = 1
) -> int:
    """Find out why nothing arrives, and what mends it.

    Looks at what this machine tells about the group, sends itself a datagram, and
    says what is wrong, how it knows, and the command that mends it. It changes
    nothing. Root sees more: the firewall's rules, and routers and switches that ask
    who wants which group.
    """
    out = speech.out()
    looks = (options.listen, options.peer, options.soak, options.strict)
    if options.serve and any(looks):
        raise UsageError(
            "--serve is the other end, and looks at nothing by itself",
            fix="give --listen, --peer, --soak and --strict where the doctor asks",
        )
    plan = _Plan(
        where=place.read(),
        ttl_hops=ttl,
        listen_s=options.listen or 0.0,
        peer=options.peer,
        soak_s=(options.soak or 0.0) * 60,
        strict=options.strict,
    )
    command = _serve(plan, out) if options.serve else _doctor(plan, out)
    return signals.run(command, out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    where: Where
    ttl_hops: int
    listen_s: float
    peer: str | None
    soak_s: float
    strict: bool

    def question(self) -> Question:
        from groupwire import diagnose

        return diagnose.ask(
            self.where.group,
            self.where.interface,
            ttl_hops=self.ttl_hops,
            peer=self.peer,
            listen_s=self.listen_s,
            soak_s=self.soak_s,
        )


def _shown(out: Out) -> DoctorJson | DoctorText:
    return DoctorJson(out) if out.json else DoctorText(out)


async def _doctor(plan: _Plan, out: Out) -> int:
    from groupwire import diagnose

    shown = _shown(out)
    question = plan.question()
    found: Diagnosis | None = None

    async def look(stop: asyncio.Event) -> Diagnosis:
        nonlocal found
        found = await diagnose.examine(question, stop=stop)
        shown.diagnosis(found)
        return found

    with signals.ending(lambda: True, lambda: shown.end(found)):
        shown.question(question)
        verdict = await to_its_end(look)
    return _code(verdict, strict=plan.strict)


def _code(found: Diagnosis, *, strict: bool) -> int:
    from groupwire.diagnose import Verdict

    bad = {Verdict.BROKEN, Verdict.INCONCLUSIVE} if strict else {Verdict.BROKEN}
    return ExitCode.MISSING if found.verdict in bad else ExitCode.DONE


async def _serve(plan: _Plan, out: Out) -> int:
    from groupwire import diagnose
    from groupwire.diagnose.trials.serve import Served, serve

    shown = _shown(out)
    question = plan.question()
    count, begun = 0, False

    async def examine() -> Diagnosis:
        return await diagnose.examine(question)

    with signals.ending(lambda: begun, lambda: shown.served(count)):
        async with aclosing(serve(question, examine=examine)) as events:
            async for event in events:
                begun = True
                count += isinstance(event, Served)
                shown.serving(event)
    return ExitCode.DONE
