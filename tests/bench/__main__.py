"""Measure, print the table, and leave with status 1 if a bound was missed.

``python -m tests.bench [--full] [--minutes M] [--trials N] [--faults N] [--sweeps N] [--no-lookalikes] [--swept TARGET]
[PART ...]``
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from tests.bench import (
    audit,
    campaign,
    explore,
    model_server,
    paces,
    page,
    proxy,
    replay,
    skipped_time,
    starting,
    sweeps,
    two_workers,
)
from tests.bench.table import render

PARTS = (
    *("starting", "proxy", "model", "time", "audit", "replay", "explore", "page", "campaign", "two-workers"),
    *("list", "research", "sweep", "pace", "memory", "faults", "broken", "load"),
)


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure what crashproof costs and finds."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all unless named")
    parser.add_argument("--full", action="store_true", help="three sweeps in a row must give the same verdicts")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long `pace` counts trials (default: 5)")
    parser.add_argument("--trials", type=int, default=400, help="how many trials `memory` makes (default: 400)")
    parser.add_argument("--faults", type=int, default=sweeps.FAULTS, help="how many `faults` makes (default: 23)")
    parser.add_argument("--sweeps", type=int, default=3, help="how many `load` makes of the agent (default: 3)")
    parser.add_argument("--no-lookalikes", action="store_true", help="`load` sweeps the agent alone")
    parser.add_argument(
        "--swept",
        default=two_workers.SWEPT,
        metavar="TARGET",
        help="what `two-workers` sweeps, such as scenarios/broken/, which takes half an hour (default: one file of it)",
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    measures = {
        "starting": starting.measure,
        "proxy": lambda: asyncio.run(proxy.measure()),
        "model": lambda: asyncio.run(model_server.measure()),
        "time": skipped_time.measure,
        "audit": audit.measure,
        "replay": replay.measure,
        "explore": explore.measure,
        "page": page.measure,
        "campaign": campaign.measure,
        "two-workers": lambda: two_workers.measure(asked.swept),
        "list": sweeps.measure_list,
        "pace": lambda: paces.measure_pace(minutes=asked.minutes),
        "memory": lambda: paces.measure_memory(trials=asked.trials),
        "research": lambda: sweeps.measure_research(full=asked.full),
        "sweep": sweeps.measure_costs,
        "faults": lambda: sweeps.measure_faults(number=asked.faults),
        "broken": sweeps.measure_broken,
        "load": lambda: sweeps.measure_load(sweeps=asked.sweeps, lookalikes=not asked.no_lookalikes),
    }
    figures = []
    for part in PARTS:
        if part in (asked.parts or PARTS):
            print(f"measuring: {part}", file=sys.stderr, flush=True)
            figures += measures[part]()
    print(render(figures))
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # an interpreter that used gRPC may abort while finalizing
