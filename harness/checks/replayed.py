"""Replayed: what Temporal's own Replayer says of the histories of the trial."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from harness.checks import NothingToLookAt, check
from harness.evidence import Evidence
from harness.replays import Replay
from harness.verdict import Finding

_LONGEST = 600


@check("replays")
def replays(evidence: Evidence, baselines: Sequence[Evidence]) -> Generator[Finding, None, str]:
    """Every history replays with Temporal's Replayer in a fresh process."""
    if evidence.replays is None:
        raise NothingToLookAt("the workflow code is not importable here: name its modules to have histories replayed")
    skipped = tuple(dict.fromkeys(found.skipped for found in evidence.replays if found.skipped))
    if all(found.skipped for found in evidence.replays):
        raise NothingToLookAt("; ".join(["no history was replayed", *skipped]))
    for found in evidence.replays:
        if found.failure:
            path = _path_of(found, evidence)
            kind = "is not deterministic" if found.nondeterminism else "failed"
            words = f"the replay of {path} {kind}: {_first_line(found.failure)}"
            shown = tuple(found.failure[:_LONGEST].splitlines()[:8])
            yield Finding(check="replays", subject=path, message=words, evidence=shown)
    return f"not replayed: {'; '.join(skipped)}" if skipped else ""


def _path_of(found: Replay, evidence: Evidence) -> str:
    paths = (history.path for history in evidence.histories if history.run_id == found.run_id)
    return next(paths, found.workflow_id)


def _first_line(failure: str) -> str:
    return failure.strip().splitlines()[0][:300]
