"""What a campaign came to, reported from its store: also while it is under way, and without asking the cluster."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

from harness.app.explored_parts import put_together
from harness.app.findings_in_code import with_code_here
from harness.app.progress import Tell
from harness.app.run import RunResult
from harness.campaign.merging import fetch_evidence, fetch_explored, replayed_in, result_of
from harness.campaign.places import CAMPAIGNS, Places
from harness.campaign.store import MissingError, Store
from harness.campaign.store_by_url import store_by_url
from harness.errors import UsageError
from harness.records import store as folders
from harness.records.explore_result import Explorations
from harness.records.replay_result import ReplayResult
from harness.records.run_record import RunRecord
from harness.records.sweep_result import News
from harness.report.files import keep, shown_path

_MOST_NAMED = 5  # campaigns of a store, where one is asked for that it has not


async def report(campaign: str, *, store: str, folder: Path, tell: Tell) -> RunResult:
    """Put together what a campaign came to so far, as the evidence and the reports of a run.

    Args:
        campaign: Its id.
        store: URL of its store.
        folder: A new evidence folder.
        tell: Called with what happens.

    Raises:
        UsageError: The store knows no such campaign.
        RigError: The store does not answer.
    """
    kept, places = store_by_url(store), Places(campaign)
    record = _record_of(kept, places)
    tell(News(text=f"evidence of {sum(len(each.verdicts) for each in record.sweeps)} trials in {shown_path(folder)}"))
    for lost in fetch_evidence(kept, places, record=record, folder=folder):
        tell(News(text=f"evidence is lost: {lost}"))
    sweeps = await with_code_here(record, folder=folder, tell=tell)
    folders.save_run(folder, replace(record, sweeps=sweeps, finished=time.time()))
    keep(sweeps, folder=folder, scenarios=record.scenarios)
    return RunResult(folder=folder, sweeps=sweeps)


def explorations(campaign: str, *, store: str, out: Path) -> Explorations | None:
    """Put together what the explorations of a campaign came to, as one exploration below a folder; None: there is none.

    Raises:
        UsageError, RigError: As ``report``.
    """
    kept, places = store_by_url(store), Places(campaign)
    with tempfile.TemporaryDirectory(prefix="crashproof-") as folder:
        parts = fetch_explored(kept, places, record=_record_of(kept, places), folder=Path(folder))
        return put_together(parts, out=out) if parts else None


def replays(campaign: str, *, store: str) -> ReplayResult | None:
    """Return what the replays of a campaign came to so far; None where none was asked for.

    Raises:
        UsageError, RigError: As ``report``.
    """
    kept, places = store_by_url(store), Places(campaign)
    return replayed_in(kept, places, _record_of(kept, places))


def _record_of(store: Store, places: Places) -> RunRecord:
    """Return what a campaign came to so far.

    Raises:
        UsageError: The store knows no such campaign.
        RigError: It does not answer.
    """
    try:
        return result_of(store, places)
    except MissingError as error:
        known = store.names(CAMPAIGNS)
        has = f"; it has {', '.join(known[-_MOST_NAMED:])}" if known else ""
        raise UsageError(f"the store {store.url} has no campaign {places.campaign!r}{has}") from error
