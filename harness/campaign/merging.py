"""What a campaign came to, put together from what its machines have left in the store, also before it is over.

Nothing is run and nothing is judged here: each trial was judged where it was made, by the undisturbed trials that all
machines share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

from harness.campaign.batches import MOST_REPLAYS
from harness.campaign.bundles import unpack
from harness.campaign.places import (
    HISTORIES,
    SHARDS,
    THIN,
    BatchResult,
    Explored,
    Known,
    KnownBundles,
    Over,
    Places,
    Replayed,
    Round,
)
from harness.campaign.store import MissingError, Store
from harness.records.plan import parse
from harness.records.replay_result import ReplayedHistory, ReplayResult
from harness.records.result_json import run_of, sweep_of
from harness.records.run_record import RunRecord
from harness.records.sweep_result import UNFINISHED, SweepResult
from harness.sweeps.left_out import left_in_words
from harness.sweeps.rounds import ENDLESS, RECOVERY_ROUNDS

_THINNED = "The evidence of trials with a strike that passed was not kept (--thin)."


def result_of(store: Store, places: Places) -> RunRecord:
    """Return what a campaign came to: as it was put together when it was over, or else so far.

    Raises:
        MissingError: The store knows no such campaign.
        RigError: The store does not answer.
    """
    try:
        return run_of(store.get_json(places.result, dict))
    except MissingError:
        return merged(store, places)


def merged(store: Store, places: Places) -> RunRecord:
    """Return what a campaign came to so far.

    Raises:
        MissingError: The store knows no such campaign.
        RigError: The store does not answer.
    """
    record = run_of(store.get_json(places.declared, dict))
    try:
        given_up = store.get_json(places.given_up, dict[str, str])
    except MissingError:
        given_up = {}
    sweeps = [_sweep(store, places, each.name, given_up.get(each.name, "")) for each in record.scenarios]
    if record.options.get(THIN):
        sweeps = [replace(sweep, notes=(*sweep.notes, _THINNED)) for sweep in sweeps]
    return replace(record, sweeps=tuple(sweeps))


def fetch_evidence(store: Store, places: Places, *, record: RunRecord, folder: Path) -> list[str]:
    """Fetch the evidence of all trials of a campaign into the folder of a run, and return what is lost, in words.

    Raises:
        RigError: The store does not answer, or the disk does not take it.
    """
    lost = []
    for scenario in record.scenarios:
        for digest in _bundles(store, places, scenario.name):
            try:
                unpack(store.bundle(digest), into=folder)
            except MissingError as error:
                lost.append(f"{scenario.name}: {error}")
    return lost


def fetch_explored(store: Store, places: Places, *, record: RunRecord, folder: Path) -> list[Path]:
    """Fetch the evidence of what was explored in a campaign so far, each part into a folder of its own, in order.

    Raises:
        RigError: The store does not answer.
    """
    parts: list[Path] = []
    for scenario in record.scenarios:
        for number in range(record.options.get(SHARDS, 0)):
            with suppress(MissingError):  # it is not explored yet, or has nothing to explore
                explored = store.get_json(places.explored(scenario.name, number), Explored)
                part = folder / f"{len(parts):06}"
                unpack(store.bundle(explored.bundle), into=part)
                parts += sorted(part.iterdir())
    return parts


def replayed_in(store: Store, places: Places, record: RunRecord) -> ReplayResult | None:
    """Return what the replays of a campaign came to so far; None where none was asked for.

    Of a batch that is missing it is said that its histories were not replayed, and the outcome is UNKNOWN at best.

    Raises:
        RigError: The store does not answer.
    """
    if not record.options.get(HISTORIES):
        return None
    known: dict[int, Replayed] = {}
    for number in range(MOST_REPLAYS):
        with suppress(MissingError):
            known[number] = store.get_json(places.replayed(number), Replayed)
    batches = max((each.of for each in known.values()), default=1)
    missing = [
        ReplayedHistory(file=f"batch {number} of {batches}", reason="no machine has replayed its histories")
        for number in range(batches)
        if number not in known
    ]
    results = [each.result for _, each in sorted(known.items())]
    return ReplayResult(
        against=next((each.against for each in results), ", ".join(record.options.get("workflows", ()))),
        histories=(*(history for each in results for history in each.histories), *missing),
        seconds=sum(each.seconds for each in results),
        unusable=tuple(dict.fromkeys(line for each in results for line in each.unusable)),
    )


def _sweep(store: Store, places: Places, scenario: str, why_given_up: str) -> SweepResult:
    try:
        known = store.get_json(places.known(scenario), Known)
    except MissingError:
        return SweepResult(scenario=scenario, reason=why_given_up or UNFINISHED)
    result = sweep_of(known.result)
    notes = list(result.notes)
    given_up = [why_given_up] if why_given_up else []
    for number in count():
        for batch in _batches(store, places, scenario, number):
            part = sweep_of(batch.result)
            result = replace(
                result,
                verdicts=(*result.verdicts, *part.verdicts),
                struck=(*result.struck, *part.struck),
                unreachable=(*result.unreachable, *part.unreachable),
                lone=(*result.lone, *part.lone),
                seconds=result.seconds + part.seconds,
            )
            notes += part.notes
        try:
            given_up += store.get_json(places.over(scenario, number), Over).given_up
            following = store.get_json(places.round(scenario, number + 1), Round)
        except MissingError:
            break
        result = replace(result, cuts=(*result.cuts, *following.cuts))
        if following.pairs:
            result = replace(result, pairs=tuple(map(parse, following.plans)))
        if not following.plans:
            break
    limit = ENDLESS if number == RECOVERY_ROUNDS and result.untried else ""
    if given_up:
        limit = f"no machine could do a part of it: {'; '.join(given_up)}"
    elif (result.untried or result.untried_pairs) and not limit:
        limit = UNFINISHED
    result = replace(result, limit=limit, notes=tuple(dict.fromkeys(notes)))
    return replace(result, notes=(*result.notes, *left_in_words(result)))


def _batches(store: Store, places: Places, scenario: str, number: int) -> Iterator[BatchResult]:
    """Yield what the batches of a round came to, in order; those that were given up, or are not over, are left out."""
    stems = [name.removesuffix(".json") for name in store.names(places.batches(scenario, number))]
    for batch in sorted(int(stem) for stem in stems if stem.isdecimal()):
        with suppress(MissingError):  # written half: the points of that batch are untried
            yield store.get_json(places.batch(scenario, number, batch), BatchResult)


def _bundles(store: Store, places: Places, scenario: str) -> Iterator[str]:
    try:
        yield from store.get_json(places.known(scenario), KnownBundles).bundles
    except MissingError:
        return
    for number in count():
        try:
            store.get_json(places.round(scenario, number), Round)
        except MissingError:
            return
        for batch in _batches(store, places, scenario, number):
            yield from batch.bundles.values()
