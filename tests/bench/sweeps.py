"""What kill sweeps find and cost: the reference agent, the planted bugs and the look-alikes, by the command line."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import scenarios.broken
from harness import faults
from tests.bench.busy import LOOPS, busy
from tests.bench.roles import CRASHPROOF_ITSELF, Role, cpu_seconds, starts
from tests.bench.sampler import Sampler
from tests.bench.table import Figure, below, equal

ROOT = Path(__file__).parent.parent.parent
EVIDENCE = ROOT / ".crashproof" / "bench"
REPEATS = 3
FAULTS = 23
"""So many faults are swept where a bound holds for the time that takes: the catalogue has grown since it was set."""


def measure_research(*, full: bool) -> list[Figure]:
    """Sweep the reference agent; three times in a row if ``full``, and compare the verdicts of all trials."""
    figures: list[Figure] = []
    verdicts: list[dict[str, str]] = []
    found = 0
    for _ in range(REPEATS if full else 1):
        report, seconds = _run("scenarios/research.py::worker_dies")
        verdicts.append({trial["id"]: trial["outcome"] for trial in report["trials"]["verdicts"]})
        found += len(report["findings"])
        for finding in report["findings"]:
            print(f"found by {finding['check']} in {finding['trial']}: {finding['message']}", file=sys.stderr)
        figures = figures or _of_one_sweep(report, seconds)
    figures.append(equal(f"findings in {len(verdicts)} such sweeps" if full else "findings in it", found, 0))
    if full:
        unsteady = {
            trial for each in verdicts for trial in each if any(each.get(trial) != o.get(trial) for o in verdicts)
        }
        figures.append(equal(f"trials with another verdict in {REPEATS} sweeps", len(unsteady), 0))
    return figures


def measure_costs() -> list[Figure]:
    """Sweep the reference agent while all processes are sampled, and tell the CPU-seconds of a trial by role.

    What the run uses before its first trial and after its last one is shared out among the trials.
    """
    load = os.getloadavg()[0]
    report, seconds, sampler = _sampled("scenarios/research.py::worker_dies")
    trials = report["trials"]["run"]
    by_role = {role: whole / trials for role, whole in cpu_seconds(sampler.processes).items()}
    itself = sum(by_role[role] for role in CRASHPROOF_ITSELF)
    a_trial = "CPU-s a trial"
    return [
        Figure(name="kill sweep of the research agent, sampled", measured=f"{seconds:.1f} s"),
        Figure(name="load of the machine when it began", measured=f"{load:.1f}"),
        Figure(name="longest pause between two samples", measured=f"{sampler.longest_pause * 1000:.0f} ms"),
        Figure(name="trials in it", measured=str(trials)),
        Figure(name="worker starts in it", measured=str(starts(sampler.processes)[Role.WORKER])),
        below("all roles", sum(by_role.values()), 0.8, unit=a_trial, digits=2),
        below("crashproof itself", itself, 0.1, unit=a_trial, digits=2),
        *(_cost(f"- {role}", by_role[role]) for role in CRASHPROOF_ITSELF),
        *(_cost(role, by_role[role]) for role in Role if role not in CRASHPROOF_ITSELF),
    ]


def measure_faults(*, number: int) -> list[Figure]:
    """Sweep the reference agent with so many faults, evenly from the catalogue; all of them if it has no more."""
    names = [fault.name for fault in faults.listed()]
    chosen = [names[place * len(names) // number] for place in range(number)] if number < len(names) else names
    report, seconds = _run("scenarios/research.py::worker_dies", "--faults", ",".join(chosen))
    points, name = report["points"], f"{len(chosen)} of {len(names)} faults on the research agent"
    return [
        below(name, seconds, 110, unit="s") if number <= FAULTS else Figure(name=name, measured=f"{seconds:.0f} s"),
        Figure(name="trials in it", measured=str(report["trials"]["run"])),
        Figure(name="faults in it", measured=str(len(report["scenarios"][0]["faults"]))),
        equal("points struck of those known", points["struck"], points["known"]),
        equal("trials whose strike was not made", report["vacuous"], 0),
        equal("findings in it", len(report["findings"]), 0),
    ]


def measure_list() -> list[Figure]:
    """List the points of the reference agent, for which it runs undisturbed twice."""
    report, seconds = _run("scenarios/research.py::worker_dies", "--list")
    return [
        below("points of the research agent listed", seconds, 6, unit="s", digits=1),
        Figure(name="points in it", measured=str(report["points"]["known"])),
    ]


def measure_broken() -> list[Figure]:
    """Sweep all broken agents and their look-alikes, and count what was caught by the check it was made for."""
    report, seconds = _run("scenarios/broken/")
    planted, lookalikes = _declared()
    caught = {(finding["scenario"], finding["check"]) for finding in report["findings"]}
    missed = sorted(name for name, check in planted.items() if (name, check) not in caught)
    wrong = sorted({scenario for scenario, _ in caught} & lookalikes)
    return [
        Figure(name="sweep of the broken agents", measured=f"{seconds:.0f} s"),
        equal("planted bugs caught by their own check" + _list(missed), len(planted) - len(missed), len(planted)),
        equal("look-alikes with findings" + _list(wrong), len(wrong), 0),
        equal("look-alikes swept", len(lookalikes & {each["name"] for each in report["scenarios"]}), len(lookalikes)),
    ]


def measure_load(*, sweeps: int, lookalikes: bool) -> list[Figure]:
    """Sweep the reference agent some times, and all look-alikes, on a busy machine: all pass as on a quiet one."""
    asked = {f"sweep {number} under load": "scenarios/research.py::worker_dies" for number in range(1, sweeps + 1)}
    if lookalikes:
        asked["look-alikes under load"] = "scenarios/broken/right.py"
    with busy():
        reports = {name: _run(target)[0] for name, target in asked.items()}
    figures = [Figure(name="busy loops beside the sweeps", measured=str(LOOPS))]
    for name, report in reports.items():
        trials = report["trials"]
        unsteady = [note for each in report["scenarios"] for note in each["notes"] if note.startswith("Unstable")]
        figures += [
            Figure(name=f"trials of {name}", measured=str(trials["run"])),
            Figure(name=f"trials of {name} that were otherwise in quiet", measured=str(len(unsteady))),
            equal(f"trials of {name} without a PASS", trials["run"] - trials["passed"], 0),
            equal(f"findings of {name}", len(report["findings"]), 0),
        ]
    return figures


def _of_one_sweep(report: dict[str, Any], seconds: float) -> list[Figure]:
    points = report["points"]
    return [
        below("kill sweep of the research agent", seconds, 14, unit="s", digits=1),
        Figure(name="trials in it", measured=str(report["trials"]["run"])),
        equal("points struck of those known", points["struck"], points["known"]),
        equal("trials whose strike was not made", report["vacuous"], 0),
    ]


def _cost(name: str, seconds: float) -> Figure:
    return Figure(name=name, measured=f"{seconds:.3f} CPU-s a trial")


def _list(names: list[str]) -> str:
    return f" (not as wanted: {', '.join(names)})" if names else ""


def _run(*asked: str) -> tuple[dict[str, Any], float]:
    """Return the report of `crashproof run`, and the seconds that it took. The evidence stays in .crashproof/bench."""
    called = command(*asked)
    began = time.monotonic()
    done = subprocess.run(called, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=False)
    seconds = time.monotonic() - began
    return _report(called, status=done.returncode, output=done.stdout), seconds


def _sampled(*asked: str) -> tuple[dict[str, Any], float, Sampler]:
    """Return what `_run` does, and the sampler that followed the run. Sampling takes some of the processor itself."""
    called = command(*asked)
    began = time.monotonic()
    with subprocess.Popen(called, cwd=ROOT, env=environment(), stdout=subprocess.PIPE) as root:
        with Sampler(root.pid) as sampler:
            assert root.stdout is not None
            output = root.stdout.read()
            os.waitid(os.P_PID, root.pid, os.WEXITED | os.WNOWAIT)  # it stays in /proc for the last sample
        seconds = time.monotonic() - began
    return _report(called, status=root.returncode, output=output), seconds, sampler


def command(*asked: str, out: Path = EVIDENCE) -> list[str]:
    """Return the command line of a run that prints its report as JSON."""
    return [str(Path(sys.executable).parent / "crashproof"), "run", *asked, "-o", "json", "--out", str(out)]


def environment() -> dict[str, str]:
    """Return the environment as users have it: modules are compiled once, and not in each process."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _report(command: list[str], *, status: int, output: bytes) -> dict[str, Any]:
    if status not in (0, 1, 3) or not output:
        raise SystemExit(f"{' '.join(command)} ended with exit status {status} and no report")
    report: dict[str, Any] = json.loads(output)
    return report


def _declared() -> tuple[dict[str, str], set[str]]:
    """Return the check that must catch each planted bug, by scenario, and the names of the look-alikes."""
    planted: dict[str, str] = {}
    lookalikes: set[str] = set()
    for module in pkgutil.iter_modules(scenarios.broken.__path__):
        if not module.ispkg:
            declared = importlib.import_module(f"scenarios.broken.{module.name}")
            planted |= {name: check for name, (check, _) in getattr(declared, "PLANTED", {}).items()}
            lookalikes |= set(getattr(declared, "LOOKALIKES", ()))
    return planted, lookalikes
