"""How many trials a minute a long kill sweep makes, and how crashproof's own memory grows meanwhile."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.sweeps import ROOT, command, environment
from tests.bench.table import Figure, below

TRIALS_A_SWEEP = 20  # at least: so many sweeps are declared that none of them has to be made twice
SETTLED = 200  # trials after which memory is expected to grow no more
_LOOK_EVERY = 1.0  # seconds
_PAGE = os.sysconf("SC_PAGE_SIZE")

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
    """What one look at a run saw: seconds since its start, trials judged so far, and resident bytes of its process."""

    seconds: float
    trials: int
    resident: int


def measure_pace(*, minutes: float) -> list[Figure]:
    """Make kill sweeps for some minutes, and count the trials, from the start of the command on."""
    seen = _watched(trials=int(minutes * 250), minutes=minutes)
    last = seen[-1]
    passed = last.seconds / 60
    pace = last.trials / passed
    return [
        Figure(name="load of the machine at the end", measured=f"{os.getloadavg()[0]:.1f}"),
        below("seconds for 140 trials of kill sweeps", 140 * 60 / pace, 60, unit="s", digits=1),
        Figure(name="trials a minute", measured=f"{pace:.0f}, over {passed:.1f} minutes"),
    ]


def measure_memory(*, trials: int) -> list[Figure]:
    """Make kill sweeps until there were so many trials, and compare the memory then with that after the first 200."""
    seen = _watched(trials=trials, minutes=trials / 10)
    settled = next((look for look in seen if look.trials >= min(SETTLED, trials // 2)), seen[-1])
    last = seen[-1]
    growth = 100 * (last.resident - settled.resident) / settled.resident
    name = f"growth of resident memory, from trial {settled.trials} to {last.trials}"
    return [
        Figure(name="resident memory of crashproof itself", measured=f"{last.resident / 2**20:.0f} MiB"),
        below(name, growth, 10, unit="%", digits=1),
    ]


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
            while root.poll() is None:
                time.sleep(_LOOK_EVERY)
                seen += _look(root.pid, folder=Path(name), began=began)
                if seen and (seen[-1].trials >= trials or seen[-1].seconds > 60 * minutes):
                    root.terminate()
                    break
        if not seen or not seen[-1].trials:
            raise SystemExit("the sweeps made no trial")
        return seen


def _look(pid: int, *, folder: Path, began: float) -> list[Seen]:
    judged = sum(1 for _ in folder.glob("*/trials/*/verdict.json"))
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):  # it has ended
        return []
    return [Seen(time.monotonic() - began, judged, resident)]
