"""How the action is carried out."""

from __future__ import annotations

from added.action import Nudge
from harness.faults import Fault
from harness.records.tape import Entry
from harness.trial.nemesis import Struck
from harness.trial.striking import Striking, carry_out


@carry_out.register(Nudge)
def _(action: Nudge, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    striking.tape.note("nudge", worker=entry.worker)
    return Struck(decision="go")
