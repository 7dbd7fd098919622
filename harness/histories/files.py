"""Finds the files that hold histories among what a user names: files, folders, patterns, evidence folders of runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from harness.errors import UsageError, nearest
from harness.histories.capture_folder import INDEX, read_index
from harness.histories.unwrapping import looks_like_history
from harness.records.store import RUNS

_WHENCE = "; `crashproof capture` stores histories of a cluster, and a run keeps those of its trials"
"""How to come by histories, for whoever names none."""


@dataclass(frozen=True, kw_only=True)
class HistoryFile:
    """A file that should hold a history.

    Attributes:
        path: Where it is.
        shown: The same as the user would type it.
        trial: Name of the trial that left it behind, if it lies in the evidence folder of one.
        workflow_id: The workflow id, if the trial tells it, or the index of captured histories.
    """

    path: Path
    shown: str
    trial: str = ""
    workflow_id: str = ""


def history_files(paths: Sequence[str], *, cwd: Path) -> tuple[HistoryFile, ...]:
    """Return the files that should hold histories, in the order of the paths, each file once.

    In a folder files come by name, then what its folders hold.

    A file that is named, or matches a pattern, is taken whatever it holds. Of a folder these are taken: ``.json`` and
    ``.json.gz``; with another ending of histories (``.jsonl``, ``.b64``, ``.base64``, ``.txt``, ``.pb``, ``.bin``, each
    ``.gz`` too) the files that begin as histories do. Folders in it are looked through, except hidden ones. In an
    evidence folder, wherever it is met, only the histories of its trials are taken.

    Args:
        paths: Files, folders, patterns with ``*``, ``**``, ``?`` and ``[…]``; also ``latest`` and ids of runs.
        cwd: The folder that relative paths begin in.

    Raises:
        UsageError: A path names nothing, or a folder cannot be read.
    """
    files: dict[str, HistoryFile] = {}
    trial_of = cache(_trial_of)
    for path in paths:
        entered: set[str] = set()
        for place, shown in _named(path, cwd):
            for file, typed in _below(place, shown, entered):
                real = os.path.realpath(file)
                if real not in files:
                    trial, ids = trial_of(Path(real).parent)
                    files[real] = HistoryFile(path=file, shown=typed, trial=trial, workflow_id=ids.get(file.name, ""))
    return tuple(files.values())


def _named(path: str, cwd: Path) -> list[tuple[Path, str]]:
    """Return what a path names, each with how it is shown."""
    if not path:
        raise UsageError("a path is empty: name files, folders or patterns")
    place = cwd / path
    if place.exists():
        return [(place, os.path.normpath(path))]
    run = RUNS / path
    if os.sep not in path and (cwd / run).is_dir():
        return [(cwd / run, str(run))]
    matches = _matches(path, cwd) if set(path) & set("*?[") else []
    if not matches:
        raise UsageError(f"there is no {path}{_nearest(place) or _WHENCE}")
    return matches


def _matches(pattern: str, cwd: Path) -> list[tuple[Path, str]]:
    parts = Path(pattern).parts
    plain = next(number for number, part in enumerate(parts) if set(part) & set("*?["))
    start = Path(*parts[:plain])
    try:
        # Unlike ``glob.glob``, it follows no symbolic link for ``**``, so loops end.
        matches = sorted((cwd / start).glob(str(Path(*parts[plain:]))))
    except ValueError as error:
        raise UsageError(f"{pattern} is no pattern: {error}") from error
    return [(place, str(start / place.relative_to(cwd / start))) for place in matches]


def _nearest(place: Path) -> str:
    """Return the hint for a path that names nothing: the nearest name in the folder up to which it exists."""
    missing = next((each for each in (place, *place.parents) if each.parent.is_dir()), place)
    try:
        return nearest(missing.name, sorted(os.listdir(missing.parent)))
    except OSError:
        return ""


def _below(place: Path, shown: str, entered: set[str]) -> Iterator[tuple[Path, str]]:
    """Yield a file itself, or all that a folder holds; ``entered`` are the folders that are done, by real path."""
    if not place.is_dir():
        if not place.is_file():
            raise UsageError(f"{shown} is neither a file nor a folder")
        yield place, shown
        return
    waiting = [(place, shown)]
    while waiting:
        place, shown = waiting.pop()
        real = os.path.realpath(place)
        if real in entered:
            continue
        entered.add(real)
        names = _names(place, shown)
        inside = _inside_evidence(place)
        listed = _captured_in(place) if INDEX in names else {}
        folders: list[tuple[Path, str]] = []
        for name in names if inside is None else inside:
            below, typed = place / name, os.path.normpath(os.path.join(shown, name))
            if below.is_dir():
                if inside is not None or not name.startswith("."):
                    folders.append((below, typed))
            elif inside is None and below.is_file() and (name in listed or _is_candidate(below)):
                yield below, typed
        waiting.extend(reversed(folders))


def _names(folder: Path, shown: str) -> list[str]:
    """Return the names in a folder, real ones before symbolic links: what is met twice is shown by its real name."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in sorted(entries, key=lambda each: (each.is_symlink(), each.name))]
    except OSError as error:
        raise UsageError(f"cannot read {shown}: {error.strerror or error}") from error


def _inside_evidence(folder: Path) -> Iterable[str] | None:
    """Return which folders of an evidence folder lead to histories; None for another folder."""
    if (folder / "run.json").is_file() and (folder / "trials").is_dir():
        return ["trials"]
    return ["history"] if _is_trial(folder) else None


def _is_trial(folder: Path) -> bool:
    kept = (folder / "history").is_dir() or (folder / "activity").is_dir()  # what is said of an activity is no history
    return kept and ((folder / "trial.json").is_file() or (folder / "plan.json").is_file())


def _is_candidate(file: Path) -> bool:
    """Tell whether a file may hold a history; a hidden one does if it looks so, as that of a workflow id ``.x``."""
    name = file.name.lower().removesuffix(".gz")
    if name.endswith(".json") and not name.startswith("."):
        return not _is_index(file)
    return name.endswith((".json", *_JUDGED_BY_CONTENT)) and looks_like_history(file)


def _is_index(file: Path) -> bool:
    """Tell whether a file is what `crashproof capture` writes beside the histories."""
    if file.name != INDEX:
        return False
    try:
        return "captured" in msgspec.json.decode(file.read_bytes(), type=dict[str, msgspec.Raw])
    except (OSError, msgspec.DecodeError, UnicodeError):
        return False


def _captured_in(folder: Path) -> dict[str, str]:
    """Return the workflow id of each captured history of a folder, by file name."""
    try:
        return {each.file: each.workflow_id for each in read_index(folder).captured}
    except UsageError:  # another file of that name
        return {}


_JUDGED_BY_CONTENT = (".jsonl", ".b64", ".base64", ".txt", ".pb", ".bin")


class _EvidenceHistory(msgspec.Struct):
    """What ``trial.json`` says of one history."""

    file: str
    workflow_id: str


class _EvidenceTrial(msgspec.Struct):
    """What is read of ``trial.json``."""

    histories: tuple[_EvidenceHistory, ...] = ()


def _trial_of(folder: Path) -> tuple[str, dict[str, str]]:
    """Return the trial whose histories a folder holds, or an empty text, and the workflow id of each by file name.

    A folder of captured histories has its index for that.

    A trial that was not completed does not tell workflow ids.
    """
    trial = folder.parent
    if folder.name != "history" or not _is_trial(trial):
        return "", _captured_in(folder)
    try:
        record = msgspec.json.decode((trial / "trial.json").read_bytes(), type=_EvidenceTrial)
    except (OSError, msgspec.DecodeError, UnicodeError):
        return trial.name, {}
    return trial.name, {each.file: each.workflow_id for each in record.histories}
