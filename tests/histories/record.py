"""Records the stored histories of two agents anew: ``python -m tests.histories.record``.

The reference agent is tortured by a real sweep: killed, refused, and with a fault of each kind of its model. The worker
of campaigns is killed at every cut; its histories have a folder of their own. Of the histories that the trials leave
behind, few are kept that together hold everything which any of them holds: kinds of events, attempts, failures,
timeouts, signals. Three of each agent are stored in a form of their own: one packed, one cut so that its last workflow
task is open, and one without what the SDK notes about itself. No history names the machine. ``recorded.txt`` tells of
each the plan it comes from.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.records import store as folders
from harness.records.run_record import versions

HERE = Path(__file__).parent
FAULTS = (
    *("kill-worker", "heartbeat-lost", "unavailable-until-healed", "model-400", "model-429-date", "model-429-quota"),
    *("model-outage", "model-reset", "model-silent", "model-truncated"),
)
SWEEPS = {
    HERE: ("run", "scenarios/research.py::worker_dies", "--faults", ",".join(FAULTS)),
    HERE / "campaign": ("run", "scenarios/campaign.py"),
}
"""By the folder of the histories the sweep that they come from."""

_MACHINE = re.compile(r"\d+@[\w.-]+")
_UNTOLD = ("stackTrace",)
_SWEPT = (0, 1, 3)  # what histories are like does not depend on what a trial came to


@dataclass(frozen=True, kw_only=True)
class Found:
    """One history of a trial."""

    plan: str
    workflow_id: str
    events: Sequence[Mapping[str, Any]]

    @property
    def features(self) -> frozenset[tuple[str, ...]]:
        """What it holds, apart from ids and times."""
        return frozenset(feature for event in self.events for feature in _features(event))

    @property
    def name(self) -> str:
        """A file's name for it."""
        strikes = re.sub(r"[^A-Za-z0-9]+", "-", self.plan).strip("-").lower() or "undisturbed"
        if "/" in self.workflow_id:
            strikes = f"child-{strikes}"
        return re.sub(r"-(researchagentworkflow|attempt-1)(?=-|$)", "", strikes)


def main() -> None:
    """Sweep, choose, and write."""
    for folder, sweep in SWEEPS.items():
        with tempfile.TemporaryDirectory() as scratch:
            command = [sys.executable, "-m", "harness.cli", *sweep, "--out", scratch]
            status = subprocess.run(command, check=False).returncode
            if status not in _SWEPT:
                sys.exit(status)
            keep(Path(scratch) / "latest", folder=folder)


def keep(run: Path, *, folder: Path) -> None:
    """Choose histories of a run, and write them into a folder in place of those that are there."""
    found = sorted(_found(run), key=lambda each: (len(each.plan) > 0, each.plan))
    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.json"), *folder.glob("*.json.gz")):
        old.unlink()
    index = [_written(each, number, folder=folder) for number, each in enumerate(chosen(found))]
    told = {"command": f"crashproof {' '.join(SWEEPS[folder])}", "versions": versions(), "histories": index}
    (folder / "recorded.txt").write_text(json.dumps(told, indent=2) + "\n")


def chosen(found: Sequence[Found]) -> Iterator[Found]:
    """Yield the undisturbed one, then always the one that holds most that none before it holds."""
    rest = list(found)
    seen: set[tuple[str, ...]] = set()
    best = rest[0]
    while best.features - seen:
        yield best
        seen |= best.features
        rest.remove(best)
        best = max(rest, key=lambda each: len(each.features - seen))


def _found(run: Path) -> Iterator[Found]:
    for trial in sorted((run / "trials").iterdir()):
        evidence = folders.load_evidence(trial)
        for history in evidence.histories:
            yield Found(plan=str(evidence.plan), workflow_id=history.workflow_id, events=history.events)


def _features(event: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    kind = event["eventType"].removeprefix("EVENT_TYPE_")
    yield (kind,)
    told: Any = next((value for name, value in event.items() if name.endswith("EventAttributes")), {})
    for name in ("cause", "timeoutType", "retryState", "signalName"):
        if name in told:
            yield kind, name, str(told[name])
    if kind == "ACTIVITY_TASK_STARTED":
        yield kind, "attempt", str(min(int(told.get("attempt", 1)), 3))
    yield from ((kind, *each) for each in _failures(told.get("failure") or told.get("lastFailure") or {}))


def _failures(failure: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, told in failure.items():
        if name.endswith("FailureInfo"):
            yield name, str(told.get("type", told.get("timeoutType", "")))
    if failure.get("cause"):
        yield from _failures(failure["cause"])


def _written(found: Found, number: int, *, folder: Path) -> dict[str, Any]:
    events = [_scrubbed(event) for event in found.events]
    form = {1: "packed", 2: "open", 3: "without SDK metadata"}.get(number, "as exported")
    if form == "open":
        last = max(at for at, event in enumerate(events) if event["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_STARTED")
        events = events[: last + 1]
    if form == "without SDK metadata":
        for event in events:
            event.get("workflowTaskCompletedEventAttributes", {}).pop("sdkMetadata", None)
    text = json.dumps({"workflowId": found.workflow_id, "events": events}, indent=1) + "\n"
    file = folder / f"{found.name}.json"
    if form == "packed":
        file = file.with_name(f"{file.name}.gz")
        file.write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        file.write_text(text)
    return {"file": file.name, "plan": found.plan, "form": form}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _scrubbed(each) for name, each in value.items() if name not in _UNTOLD}
    if isinstance(value, list):
        return [_scrubbed(each) for each in value]
    return _MACHINE.sub("1@worker", value) if isinstance(value, str) else value


if __name__ == "__main__":
    main()
