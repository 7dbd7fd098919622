"""The two ways in which crashproof itself can stop: asked wrongly, or unable to work."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageError(Exception):
    """What was asked cannot be done as asked; the message says what to ask instead.

    Shown alone, without a traceback; the command leaves with exit status 2.
    """


class RigError(Exception):
    """Something that crashproof started or reached did not do its part (server, worker process, disk).

    Shown with the end of the log that explains it; the command leaves with exit status 3.

    Args:
        message: What was expected, what was got and what to do.
        log: The last lines of the log that explains it, or an empty text.
    """

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.log = log

    def __str__(self) -> str:
        message = super().__str__()
        if not self.log.strip():
            return message
        shown = "\n".join(f"  | {line}" for line in self.log.rstrip().splitlines())
        return f"{message}\n{shown}"


class KilledError(RigError):
    """A process of crashproof's own was killed with SIGKILL that crashproof did not send.

    It shows nothing about what was tried meanwhile, which is tried once more.
    """


class NotAnsweredError(RigError):
    """The server did not answer a call of crashproof's own in time.

    It shows nothing about what was tried meanwhile, which is tried once more.
    """


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known word closest to ``word``, or an empty text."""
    closest = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean {closest[0]!r}?)" if closest else ""


def several_nearest(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """Return `` (did you mean 'x' or 'y'?)`` for the known words close to ``word`` or holding it, or an empty text."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=most, cutoff=0.5)
    close += [name for name in names if word and word in name and name not in close]
    return f" (did you mean {' or '.join(map(repr, close[:most]))}?)" if close else ""


def root_cause(error: BaseException) -> str:
    """Return what the first of the errors says that led to this one, each the cause of the next.

    A failure of Temporal's names the type of what was raised in front of that; it is left out.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    return str(getattr(error, "message", error))


def first_error(error: BaseException) -> BaseException:
    """Return the error itself, or the first one of a group, however deep."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
