"""A failure that a shortage of the machine made is told as that shortage, and any other as it is."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from harness.app.shortage import told_as_shortage
from harness.errors import RigError, UsageError


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number), "somewhere")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (os_error(errno.ENOSPC), "no room is left on the disk"),
        (os_error(errno.EDQUOT), "no room is left on the disk"),
        (os_error(errno.EFBIG), "files may not grow"),
        (os_error(errno.EMFILE), "too many files are open"),
        (os_error(errno.EACCES), "may not be written"),
        (os_error(errno.EROFS), "may not be written"),
        (RigError("the server ended", log="database or disk is full (13)"), "no room is left on the disk"),
        (
            ExceptionGroup("a", [RigError("the worker exited", log="OSError: [Errno 24] Too many open files")]),
            "too many",
        ),
    ],
)
def test_a_shortage_is_told_first_and_with_what_failed(tmp_path: Path, error: Exception, words: str) -> None:
    shortage = told_as_shortage(error, folder=tmp_path)
    assert isinstance(shortage, RigError)
    assert words in str(shortage).partition(". What failed: ")[0]


@pytest.mark.parametrize("error", [RigError("the worker exited with status 3"), UsageError("no such file"), KeyError()])
def test_any_other_failure_stays_what_it_is(tmp_path: Path, error: Exception) -> None:
    assert told_as_shortage(error, folder=tmp_path) is None


def test_a_server_that_ends_without_a_word_where_few_files_may_be_open_wants_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {resource.RLIMIT_NOFILE: 14}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limits.get(kind, resource.RLIM_INFINITY), 4096))
    shortage = told_as_shortage(RigError("the server ended while starting, with exit status 1"), folder=tmp_path)
    assert str(shortage).startswith("too many files are open")
