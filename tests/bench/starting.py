"""How long crashproof takes to start, beside a Python that does nothing. The two take turns within one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.table import Figure, below

TURNS = 15

COMMANDS = {
    "bare": [sys.executable, "-c", "pass"],
    "import": [sys.executable, "-c", "import harness"],
    "help": [str(Path(sys.executable).parent / "crashproof"), "--help"],
    "help of run": [str(Path(sys.executable).parent / "crashproof"), "run", "--help"],
}


def measure() -> list[Figure]:
    """Start each command in turn, the first time unmeasured, and compare the medians."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(TURNS + 1):
        for name, command in COMMANDS.items():
            taken = _seconds(command)
            if turn:
                seconds[name].append(taken)
    median = {name: statistics.median(taken) * 1000 for name, taken in seconds.items()}
    return [
        Figure(name="python that does nothing", measured=f"{median['bare']:.0f} ms"),
        below("import harness, more than that", median["import"] - median["bare"], 40, unit="ms"),
        below("crashproof --help", median["help"], 250, unit="ms"),
        below("crashproof run --help", median["help of run"], 400, unit="ms"),
    ]


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
