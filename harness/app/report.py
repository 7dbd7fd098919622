"""The report of a run that is over, as it was judged then: shown again, written elsewhere, compared with another."""

from __future__ import annotations

import os
from pathlib import Path

from harness.app.judge import judge
from harness.app.progress import Tell
from harness.app.run import RunResult
from harness.errors import UsageError
from harness.records import store as folders
from harness.records.sweep_result import News
from harness.report.files import forms


def reported(folder: Path, *, tell: Tell) -> RunResult:
    """Return what a run came to, as its folder has it, also where it did not come to its end.

    Args:
        folder: Its evidence folder, or ``latest``.
        tell: Called with what happens.

    Raises:
        UsageError: It is no evidence folder, or its record is corrupt.
    """
    run = folders.find_run(folder)
    record = folders.load_run(run)
    if record.finished:
        return RunResult(folder=folder, sweeps=record.sweeps)
    tell(News(text="the run did not come to its end: this is what it left"))
    return judge(folder, tell=tell, anew=False)


def make_report_folder(to: Path) -> None:
    """Make the folder that report files go to, where it is not there: before a run, so that none ends in vain.

    Raises:
        UsageError: It is no folder, or nobody may write there.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        writable = os.access(to, os.W_OK)
    except OSError as error:
        raise UsageError(f"no reports can be written to {to}: {error.strerror}") from error
    if not writable:
        raise UsageError(f"no reports can be written to {to}: nobody may write there")


def write_reports(folder: Path, *, to: Path) -> None:
    """Copy the report files of a run into a folder, which is made where it is not there.

    Args:
        folder: The evidence folder.
        to: Where the files go.

    Raises:
        UsageError: That is no folder, or nobody may write there.
    """
    make_report_folder(to)
    try:
        for form in forms():
            file = folder / form.file
            if file.is_file():
                (to / form.file).write_bytes(file.read_bytes())
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise UsageError(f"no reports can be written to {to}: {error.strerror}") from error
