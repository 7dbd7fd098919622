"""A campaign by two workers on this machine beside the same sweep by `crashproof run`: verdicts, and CPU-seconds."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.bench.sweeps import environment
from tests.bench.table import Figure, below, equal

ROOT = Path(__file__).parent.parent.parent
SWEPT = "scenarios/broken/effects.py"
"""What is swept unless another target is asked for: the fixed costs are a fourth of it, so that no bound holds."""

MOST_TIMES = 1.15
WORKERS = 2
CRASHPROOF = (sys.executable, "-m", "harness.cli")


def measure(swept: str = SWEPT) -> list[Figure]:
    """Measure it for a file or a folder of scenarios."""
    with tempfile.TemporaryDirectory(prefix="crashproof-bench-") as folder:
        before = _used()
        run = _asked("run", swept, "-o", "json", "--out", folder)
        by_run, before = _used() - before, _used()
        campaign = asyncio.run(_campaign(swept, Path(folder)))
        by_campaign = _used() - before
    alone, together = _verdicts(run), _verdicts(campaign)
    assert alone, "nothing was swept"
    differ = sorted(each for each in alone.keys() | together.keys() if alone.get(each) != together.get(each))
    for scenario, plan in differ:
        told = f"{alone.get((scenario, plan))} by `run`, {together.get((scenario, plan))} by the campaign"
        print(f"{scenario}, {plan}: {told}", file=sys.stderr)
    name, times = f"campaign: CPU-seconds of two workers and their cluster, {by_campaign:.0f} s", by_campaign / by_run
    return [
        equal(f"campaign: of {len(alone)} trials those with another verdict than in `run`", len(differ), 0),
        equal("campaign: findings that only one of both has", len(_findings(run) ^ _findings(campaign)), 0),
        Figure(name=f"campaign: CPU-seconds of `run {swept}`", measured=f"{by_run:.0f} s"),
        Figure(name=name, measured=f"{times:.2f} times")
        if swept == SWEPT
        else below(name, times, MOST_TIMES, unit="times", digits=2),
    ]


async def _campaign(swept: str, folder: Path) -> Any:
    """Have a campaign made, and return its report."""
    wanted = ("start", swept, "--id", "c", "--store", str(folder / "store"), "--machines", str(WORKERS))
    async with DevServer((await find_temporal()).path, folder=folder / "server") as server:
        env = {"TEMPORAL_ADDRESS": server.address}
        with _working(env):
            await asyncio.to_thread(_asked, "campaign", *wanted, env=env)
            await asyncio.to_thread(_asked, "campaign", "watch", "c", env=env)
    return _asked("campaign", "report", "c", "--store", str(folder / "store"), "-o", "json", "--out", str(folder))


@contextmanager
def _working(env: dict[str, str]) -> Iterator[None]:
    command = (*CRASHPROOF, "campaign", "worker")
    workers = [
        subprocess.Popen(command, cwd=ROOT, env={**environment(), **env}, stderr=subprocess.DEVNULL)
        for _ in range(WORKERS)
    ]
    try:
        yield
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGINT)
        for worker in workers:
            worker.wait(60)


def _asked(*arguments: str, env: dict[str, str] | None = None) -> Any:
    """Give a command, and return what it printed where that is JSON."""
    done = subprocess.run(
        (*CRASHPROOF, *arguments), cwd=ROOT, env={**environment(), **(env or {})}, stdout=subprocess.PIPE, check=False
    )
    assert done.returncode in (0, 1), f"{arguments} ended with {done.returncode}"
    return json.loads(done.stdout) if "json" in arguments else None


def _verdicts(report: Any) -> dict[tuple[str, str], str]:
    return {(each["scenario"], each["plan"]): each["outcome"] for each in report["trials"]["verdicts"]}


def _findings(report: Any) -> set[tuple[str, str]]:
    return {(each["scenario"], each["check"]) for each in report["findings"]}


def _used() -> float:
    """Return the CPU-seconds of all processes that were started here and have ended, with those below them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
