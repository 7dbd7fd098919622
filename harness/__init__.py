"""crashproof: prove that a Temporal agent survives. The public names, loaded when first used.

What a run is, in ten sentences. A *scenario* names a worker, the workflow that it is to do, and what must hold. The
worker process is not changed: it is started between three *doors*, the wire door to the Temporal server, the model door
and the effect door, and all that it says to the world passes one of them. A message that is held at a door is a
*point*, and has a name that is the same in every run. A *trial* is the scenario under one *plan*: at which points which
*faults* are made. First comes the *baseline*, a trial whose plan is empty, twice, for what differs between the two does
not count. The *sweep* then makes each fault at each point that the baselines showed, and at those that show only while
the agent recovers. In a trial the *nemesis* asks the plan about every message, lets it go, or strikes: it carries the
fault's *action* out, and heals. What a trial leaves is *evidence*: the histories, the tape of all messages, samples of
pending activities, and logs. *Checks* read the evidence and nothing else, so that it can be judged again at any time,
and each finding names what shows it and the command that shows it again. Beside this, *replay* asks the worker for the
decisions of recorded histories, *explore* for those of histories that never happened, and the *audit* reads the code.

The rooms, from the ground up; a room knows only those of the lines above its own:

    errors         what stops crashproof: a wrong use, or a failure that is its own
    extensions     what other packages add (docs/extending.md)
    foreign        foreign text and JSON made harmless for each medium
    records        plain frozen data: point, plan, tape, evidence, verdict, scenario, results, the evidence folder
    faults         what can be done at a point: actions, faults, and their catalogue
    temporal       what is known of Temporal's own formats and defaults
    processes      child processes: started, watched, forked, and never left behind
    doors          the wire proxy, the model server and the effect server
    servers        engines: the servers that trials run on, their binaries, and letting time pass
    histories      recorded histories: files, formats, capture from a cluster
    trial          one trial: doors, nemesis and workers put together, started, struck and healed
    replay         recorded histories asked again, through the door or in process, and compared
    explore        every order in which the world can answer, through the door (in replay/explore)
    checks         the properties, each judged from evidence
    report         results as text, JSON, JUnit, SARIF, Markdown and HTML
    audit          rules that read workflow and activity code
    sweeps         which trials are run, in which order, until when
    readiness      the checklist before a release: twelve points, and what each is filled from
    campaign       sweeps on many machines, coordinated by a workflow on the user's cluster
    app            what the commands do, as functions that print nothing
    cli            the commands
    testing        the fixtures of the pytest plugin, whose entrance is pytest_plugin

Floors: errors < extensions, foreign < records, faults < temporal, processes < doors, servers, histories < trial, replay
< explore < checks, report, audit < sweeps < readiness, campaign < app < cli, testing, pytest_plugin.
``tests/test_architecture.py`` holds them, and that no two modules import each other.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness import checks as checks
    from harness.errors import RigError as RigError
    from harness.errors import UsageError as UsageError
    from harness.records.expectation import expects as expects
    from harness.records.exploring import explores as explores
    from harness.records.scenario import Scenario as Scenario
    from harness.records.scenario import cancel as cancel
    from harness.records.scenario import let_pass as let_pass
    from harness.records.scenario import query as query
    from harness.records.scenario import reached as reached
    from harness.records.scenario import signal as signal
    from harness.records.scenario import start as start
    from harness.records.scenario import started_by as started_by
    from harness.records.scenario import started_by_worker as started_by_worker
    from harness.records.scenario import update as update
    from harness.records.start_activity import start_activity as start_activity

_HOME = {
    "RigError": "harness.errors",
    "Scenario": "harness.records.scenario",
    "UsageError": "harness.errors",
    "cancel": "harness.records.scenario",
    "expects": "harness.records.expectation",
    "explores": "harness.records.exploring",
    "let_pass": "harness.records.scenario",
    "query": "harness.records.scenario",
    "reached": "harness.records.scenario",
    "signal": "harness.records.scenario",
    "start": "harness.records.scenario",
    "start_activity": "harness.records.start_activity",
    "started_by": "harness.records.scenario",
    "started_by_worker": "harness.records.scenario",
    "update": "harness.records.scenario",
}

__all__ = ["checks", *_HOME]


def __getattr__(name: str) -> Any:
    if name == "checks":
        return importlib.import_module("harness.checks")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
