"""The same scenarios on each engine, undisturbed: whether their histories are the same, and in what they differ.

``python -m tests.rig.servers.parity`` prints the page that the package shows of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.app.loading import load_file
from harness.checks.masking import neutral
from harness.records.evidence import Evidence
from harness.records.plan import Plan
from harness.records.scenario import Scenario
from harness.servers.binaries import find, find_temporal
from harness.servers.candidates import Binary
from harness.servers.engine import engine
from harness.temporal import event as events
from harness.temporal.payload import values_of
from harness.trial.deadline import Bounds
from harness.trial.rig import Rig
from harness.trial.trial import run_trial
from tests import ROOT

PAGE = ROOT / "harness/docs/engines.md"
SCENARIOS = (("shapes.py", "family"), ("shapes.py", "conversation"), ("approval.py", "approved_on_the_third_day"))
WAYS = ("`dev`", "`dev`, time skipped", "`time-skipping`")
NOT_APPLICABLE = "not applicable: days pass"
OF_TIME = frozenset({"WORKFLOW_EXECUTION_OPTIONS_UPDATED", "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED"})
_LONG_ENOUGH = Bounds(limit=100, task_timeout=10)

_HEAD = """# What the engines make of the same work

Each scenario runs undisturbed on each engine, with the same worker. Compared is all that the histories hold of every
run, children too: each event, what it is about, and what it carries. Left out are ids, times, workflow tasks (how many
activities and signals one of them sees is a matter of moments) and the order of what goes on side by side. A test makes
this table; it was made with {versions}.

| scenario | {ways} |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Lines:
    """What the histories of one trial hold, normalised.

    Attributes:
        events: Each event as one line, and how often it is there.
        of_time: Types of the events by which a server says that it skips time, which come as often as it does.
    """

    events: Counter[str]
    of_time: frozenset[str]

    def beside(self, usual: Lines | None) -> str:
        """Say in what they differ from the usual ones: by types of events."""
        of_time = f"; {_named(self.of_time)} beside them" if self.of_time else ""
        if usual is None or self.events == usual.events:
            return f"{'the same ' if usual else ''}{self.events.total()} events{of_time}"
        more, fewer = self.events - usual.events, usual.events - self.events
        said = [("with other", _types(more)), ("without", _types(fewer))]
        return "the same events " + " and ".join(f"{word} {_named(kinds)}" for word, kinds in said if kinds) + of_time


async def compared() -> dict[str, list[str]]:
    """Run each scenario on each engine; return the cells of its row."""
    seen: dict[str, list[Lines | None]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for way, (binary, name) in enumerate(await _binaries()):
            async with Rig(binary=binary, folder=Path(scratch) / f"way-{way}", engine=name) as rig:
                skips = way == 1
                if name == "dev":
                    needs = rig.engine.needs if skips else rig.engine.needs - {"time skipping"}
                    rig.engine = replace(rig.engine, needs=needs, always_skips=skips)
                trials = [_lines(scenario, rig, Path(scratch) / f"{way}-{scenario.name}") for scenario in _scenarios()]
                for scenario, lines in zip(_scenarios(), await asyncio.gather(*trials), strict=True):
                    seen.setdefault(scenario.name, []).append(lines)
    return {name: _cells(lines) for name, lines in seen.items()}


async def versions() -> str:
    """Return the programs of the engines, as they say what they are."""
    return ", ".join(dict.fromkeys(binary.version for binary, _ in await _binaries()))


def page(table: dict[str, list[str]], made_with: str) -> str:
    """Return the page that shows the table."""
    rows = [" | ".join([f"| `{name}`", *cells]) + " |" for name, cells in table.items()]
    return _HEAD.format(versions=made_with, ways=" | ".join(WAYS)) + "\n".join(rows) + "\n"


async def _binaries() -> list[tuple[Binary, str]]:
    temporal, test_server = await find_temporal(), await find(engine("time-skipping").binary)
    return [(temporal, "dev"), (temporal, "dev"), (test_server, "time-skipping")]


def _scenarios() -> list[Scenario]:
    loaded = {each.name: each for file in dict.fromkeys(f for f, _ in SCENARIOS) for each in _loaded(file)}
    return [loaded[name] for _, name in SCENARIOS]


def _loaded(file: str) -> list[Scenario]:
    scenarios = load_file(ROOT / "scenarios" / file)
    return [replace(each, worker=each.worker.replace("python", sys.executable, 1)) for each in scenarios]


async def _lines(scenario: Scenario, rig: Rig, folder: Path) -> Lines | None:
    if scenario.skips_time and not rig.engine.skips_time:
        return None
    trial = f"{folder.name}".replace("_", "-")
    evidence = await run_trial(scenario, plan=Plan(), trial=trial, rig=rig, folder=folder, bounds=_LONG_ENOUGH)
    assert evidence.end == "closed", (rig.engine.name, scenario.name, evidence.end, evidence.end_reason)
    lines = Counter(_normalised(evidence))
    of_time = _types(lines) & OF_TIME
    events_alone = Counter({line: count for line, count in lines.items() if not _types([line]) & OF_TIME})
    return Lines(events_alone, of_time)


def _normalised(evidence: Evidence) -> list[str]:
    return [
        f"{history.path} {events.kind(event)} {json.dumps(neutral(evidence, _carried(event)), sort_keys=True)}"
        for history in evidence.histories
        for event in history.events
        if not events.kind(event).startswith("WORKFLOW_TASK_")
    ]


def _carried(event: dict[str, Any]) -> dict[str, Any]:
    """Return what an event is about, and what it carries."""
    attributes = events.attributes(event)
    about = {name: attributes[name] for name in ("activityType", "workflowType", "signalName") if name in attributes}
    times = {name: value for name, value in attributes.items() if name.endswith("ToFireTimeout")}
    payloads = {name: values_of(attributes.get(name)) for name in ("input", "result")}
    return {**about, **times, **{name: value for name, value in payloads.items() if value}}


def _cells(lines: list[Lines | None]) -> list[str]:
    first = next(at for at, each in enumerate(lines) if each)
    return [
        NOT_APPLICABLE if each is None else each.beside(lines[first] if at > first else None)
        for at, each in enumerate(lines)
    ]


def _types(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(line.split(" ")[1] for line in lines)


def _named(kinds: Iterable[str]) -> str:
    return ", ".join(f"`{kind}`" for kind in sorted(kinds))


if __name__ == "__main__":
    print(page(asyncio.run(compared()), asyncio.run(versions())), end="")
