"""How many trials a minute a long kill sweep makes, what one costs, and how crashproof's own memory grows meanwhile."""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from tests.bench.sweeps import ROOT, command, environment
from tests.bench.table import Figure, below, equal

TRIALS_A_SWEEP = 20  # at least: so many sweeps are declared that none of them has to be made twice
SETTLED = 200  # trials after which memory is expected to grow no more
_LOOK_EVERY = 1.0  # seconds

_DECLARED = """\"\"\"The research agent, as many times as trials are wanted.\"\"\"

import runpy
from dataclasses import replace

agent = runpy.run_path({file!r})["worker_dies"]
agent = replace(agent, model={model!r})
globals().update({{f"sweep_{{number}}": replace(agent, name=f"sweep_{{number}}") for number in range({sweeps})}})
del agent
"""


@dataclass(frozen=True)
class Seen:
    """What one look at a run saw.

    Attributes:
        seconds: Seconds since its start.
        trials: Trials judged so far.
        resident: Resident bytes of its process.
        descriptors: Files and sockets that its process has open.
        left: Processes of those below it that have outlived it.
    """

    seconds: float
    trials: int
    resident: int
    descriptors: int
    left: int = 0


def measure_pace(*, minutes: float) -> list[Figure]:
    """Make kill sweeps for some minutes, and count the trials, from the start of the command on."""
    before = _processor_seconds()
    seen = _watched(trials=int(minutes * 250), minutes=minutes)
    last, used = seen[-1], _processor_seconds() - before
    passed = last.seconds / 60
    pace = last.trials / passed
    return [
        Figure(name="load of the machine at the end", measured=f"{os.getloadavg()[0]:.1f}"),
        below("seconds for 140 trials of kill sweeps", 140 * 60 / pace, 60, unit="s", digits=1),
        Figure(name="trials a minute", measured=f"{pace:.0f}, over {passed:.1f} minutes"),
        below(f"all roles, over {last.trials} trials", used / last.trials, 0.8, unit="CPU-s a trial", digits=2),
    ]


def measure_memory(*, trials: int) -> list[Figure]:
    """Make kill sweeps until there were so many trials, and compare the memory then with that after the first 200.

    Each trial under way holds some twenty files and sockets, so that their number goes up and down by a hundred and
    more with what runs at a moment: of all looks the first and the last fifth are compared, by their medians.
    """
    seen = _watched(trials=trials, minutes=trials / 10)
    settled = next((look for look in seen if look.trials >= min(SETTLED, trials // 2)), seen[-1])
    last = seen[-1]
    looks = [look.descriptors for look in seen if look.trials >= settled.trials]
    part = max(1, len(looks) // 5)
    more = statistics.median(looks[-part:]) - statistics.median(looks[:part])
    growth = 100 * (last.resident - settled.resident) / settled.resident
    since = f"from trial {settled.trials} to {last.trials}"
    return [
        Figure(name="resident memory of crashproof itself", measured=f"{last.resident / 2**20:.0f} MiB"),
        below(f"growth of resident memory, {since}", growth, 10, unit="%", digits=1),
        below(f"further open files and sockets, {since}", more, 50, unit=""),
        equal("processes that outlive it", last.left, 0),
    ]


def _processor_seconds() -> float:
    """Return what all commands that were run so far have used, with all that they started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watched(*, trials: int, minutes: float) -> list[Seen]:
    """Run kill sweeps until there were so many trials or the time is over, and return what was seen meanwhile."""
    with tempfile.TemporaryDirectory(prefix="crashproof-bench-") as name:
        file = Path(name, "sweeps.py")
        agent, model = str(ROOT / "scenarios" / "research.py"), str(ROOT / "scenarios" / "research_script.py")
        file.write_text(_DECLARED.format(file=agent, model=model, sweeps=1 + trials // TRIALS_A_SWEEP))
        began, seen = time.monotonic(), []
        with subprocess.Popen(
            command(str(file), out=Path(name)),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as root:
            below_it: set[psutil.Process] = set()
            while root.poll() is None:
                time.sleep(_LOOK_EVERY)
                with contextlib.suppress(psutil.Error):  # it has ended
                    process = psutil.Process(root.pid)
                    below_it.update(process.children(recursive=True))
                    look = _look(process, folder=Path(name), began=began)
                    seen += [look] if look.resident else []  # one that has ended has none until it is reaped
                if seen and (seen[-1].trials >= trials or seen[-1].seconds > 60 * minutes):
                    root.terminate()
                    break
        left = sum(process.is_running() for process in below_it)
        if not seen or not seen[-1].trials:
            raise SystemExit(f"the sweeps made no trial within {minutes:g} minutes: give them more with --minutes")
        return [*seen[:-1], replace(seen[-1], left=left)]


def _look(process: psutil.Process, *, folder: Path, began: float) -> Seen:
    judged = sum(1 for _ in (folder / "latest").glob("trials/*/verdict.json"))
    return Seen(time.monotonic() - began, judged, process.memory_info().rss, process.num_fds())
