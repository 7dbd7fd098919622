"""Evidence: whatever a file of an evidence folder holds, the run is judged or refused in words."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from harness.app.judge import judge
from harness.errors import UsageError
from harness.records import store as folders
from harness.records.plan import Plan
from harness.records.run_record import DeclaredScenario, begin
from tests.fuzz.surfaces import fuzz, mutated
from tests.unit.records.test_store import EVIDENCE, VERDICT

SURFACES = 1


def _run() -> Path:
    """Return an evidence folder of a baseline and one trial with a strike."""
    folder = Path(tempfile.mkdtemp()) / "run"
    declared = DeclaredScenario(name="s", file="s.py", variable="s", checks=("replays", "effects-happen-once"))
    folders.save_run(folder, begin(scenarios=(declared,), options={}, server={}))
    for plan in (Plan(), EVIDENCE.plan):
        evidence = replace(EVIDENCE, plan=plan, trial=plan.trial_id("s"))
        folders.save_evidence(folder / "trials" / evidence.trial, evidence)
        folders.save_verdict(folder / "trials" / evidence.trial, VERDICT)
    return folder


RUN = _run()
FILES = sorted(str(path.relative_to(RUN)) for path in RUN.rglob("*.json*") if path.is_file())
CHANGED = st.sampled_from(FILES).flatmap(lambda name: st.tuples(st.just(name), mutated((RUN / name).read_bytes())))


@fuzz(changed=CHANGED)
def test_evidence_is_judged_or_refused(changed: tuple[str, bytes]) -> None:
    name, content = changed
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(RUN, Path(place) / "run")
        (folder / name).write_bytes(content)
        try:
            judge(folder, tell=lambda news: None)
        except UsageError:
            return
