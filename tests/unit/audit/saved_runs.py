"""Evidence folders as a run of trials writes them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from harness.records.evidence import Evidence
from harness.records.files import write_json
from harness.records.plan import parse
from harness.records.replay_result import Difference, Replay
from harness.records.store import save_evidence, save_verdict
from harness.records.verdict import Finding, Judgement, Outcome, Verdict
from tests.unit.audit.histories.recorded import PLAIN, Writer


def saved_run(folder: Path, *, local: bool = False) -> None:
    """Write the evidence folder of a run with one failed trial, as `crashproof run` does."""
    writer = Writer("Agent")
    writer.task()
    if local:
        data = base64.b64encode(json.dumps({"activity_type": "charge"}).encode()).decode()
        payload = {"metadata": {"encoding": PLAIN}, "data": data}
        writer.add("MARKER_RECORDED", details={"data": {"payloads": [payload]}})
    else:
        writer.completed(writer.scheduled("charge"))
    difference = Difference(
        event_id=5, workflow_task=3, kind="ScheduleActivityTask", subject="charge", field="input.0", old=1, new=2,
        line="flow.py:31 in run",
    )  # fmt: skip
    evidence = Evidence(
        trial="abc123",
        scenario="agent",
        plan=parse("baseline"),
        end="closed",
        histories=(writer.history,),
        replays=(Replay(workflow_id="w", run_id="r", differences=(difference,)),),
    )
    twice = Finding(check="effects-happen-once", message="note with {} happened 2 times", subject="note")
    judged = Judgement(check="effects-happen-once", outcome=Outcome.FAIL, findings=(twice,))
    write_json(folder / "run.json", {})
    save_evidence(folder / "trials" / "abc123", evidence)
    save_verdict(
        folder / "trials" / "abc123",
        Verdict(trial="abc123", scenario="agent", plan=parse("baseline"), struck=True, judgements=(judged,)),
    )
    (folder / "trials" / "def456").mkdir()  # a trial that was interrupted
