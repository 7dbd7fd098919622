"""Watches for the calls of non-deterministic functions that workflow code makes, the likely causes of a difference.

A profile function watches the workflow's thread while an activation runs. It sees every call that Python code makes,
whether of ``time.time`` itself, of a name bound to it long ago, or inside of a passed-through module, and compares its
name with a table; only then does it look closer. Calls that C code makes of C code are not seen (``map(time, ...)``),
nor are the order of a set, ``hash()``, and attributes such as ``sys.platform``: the matrix finds those.

A call counts if code of the user's made it, directly or through libraries, unless Temporal, logging, the import of a
module or the reading of a time zone lies between: these are not the workflow's decision.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from temporalio.worker import WorkflowInstanceDetails

from harness.records.replay_result import NondeterministicCall
from harness.replay.in_process.source_lines import UserCode, is_python, is_temporal, site_text

MOST_PER_RUN = 100
"""Calls kept of one run; each place in the code is told once."""


class CallWatch:
    """Collects non-deterministic calls of workflow code while it runs, each with the lines that led to it.

    Give ``CommandObserver(during=watch.during)`` its method, and the observer's ``user_code`` to the watch.

    Args:
        user_code: Which code is the user's.
    """

    def __init__(self, user_code: UserCode | None = None) -> None:
        self.user_code = user_code or UserCode()
        self._calls: list[NondeterministicCall] = []
        self._seen: set[tuple[str, str, int, int]] = set()

    def take(self) -> tuple[NondeterministicCall, ...]:
        """Return the calls since the last call, and forget them."""
        calls, self._calls = self._calls, []
        self._seen = set()
        return tuple(calls)

    @contextlib.contextmanager
    def during(self, details: WorkflowInstanceDetails) -> Iterator[None]:
        """Watch the thread that enters until it leaves."""
        before = sys.getprofile()
        sys.setprofile(self._profile(details.info.workflow_type))
        try:
            yield
        finally:
            sys.setprofile(before)

    def _profile(self, workflow: str) -> Callable[[FrameType, str, Any], None]:
        names, codes = _C_NAMES, _PYTHON_CODES

        def profile(frame: FrameType, event: str, called: Any) -> None:
            if event == "c_call":
                if called.__name__ in names:
                    self._c_call(frame, called, workflow)
            elif event == "call" and id(frame.f_code) in codes:
                self._note(frame.f_back, codes[id(frame.f_code)], workflow)

        return profile

    def _c_call(self, frame: FrameType, called: Any, workflow: str) -> None:
        # What is raised here would be raised in the workflow: the sandbox's proxies may refuse to be asked.
        with contextlib.suppress(Exception):
            name = _function(frame, called)
            if name:
                self._note(frame, name, workflow)

    def _note(self, frame: FrameType | None, name: str, workflow: str) -> None:
        if frame is None or len(self._calls) >= MOST_PER_RUN:
            return
        function, inner = _entry(frame, name)
        stack = self._stack(inner)
        if not stack:
            return
        file, line, _ = stack[0]
        key = (function, file, line, len(stack))
        if key not in self._seen:
            self._seen.add(key)
            lines = tuple(site_text(site) for site in reversed(stack))
            self._calls.append(NondeterministicCall(function=function, stack=lines, workflow=workflow))

    def _stack(self, frame: FrameType | None) -> list[tuple[str, int, str]]:
        """Return the user's lines, innermost first; none if the call is not the workflow's doing."""
        lines: list[tuple[str, int, str]] = []
        while frame is not None:
            file = frame.f_code.co_filename
            if _is_excused(file):
                return []
            if self.user_code.holds(file):
                lines.append((file, frame.f_lineno, frame.f_code.co_name))
            elif is_temporal(file) and not lines and _SANDBOX not in file:
                return []
            frame = frame.f_back
        return lines


_SANDBOX = os.path.join("worker", "workflow_sandbox")


def _entry(frame: FrameType, name: str) -> tuple[str, FrameType | None]:
    """Return the function of Python's library that was called, and the frame that called it."""
    at: FrameType | None = frame
    while at is not None and is_python(at.f_code.co_filename) and not _is_excused(at.f_code.co_filename):
        if _is_driver(at):
            break
        name = f"{at.f_globals.get('__name__', '')}.{_qualified(at.f_code)}"
        at = at.f_back
    return name.removesuffix(".__init__"), at


def _is_driver(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(_DRIVERS)


def _qualified(code: CodeType) -> str:
    return str(getattr(code, "co_qualname", code.co_name))


def _is_excused(file: str) -> bool:
    excused = _excused.get(file)
    if excused is None:
        parts = file.replace(os.sep, "/").rpartition("/lib/")[2].split("/")
        library = is_python(file) and any(part.removesuffix(".py") in _EXCUSED for part in parts)
        excused = _excused[file] = library or file.startswith("<frozen importlib")
    return excused


_excused: dict[str, bool] = {}
_DRIVERS = ("asyncio", "contextlib", "functools", "concurrent")
_EXCUSED = frozenset(
    {"logging", "warnings", "traceback", "linecache", "tokenize", "zoneinfo", "encodings", "inspect", "_strptime"}
)


def _arguments(frame: FrameType) -> int:
    """Return how many arguments the call has that ``frame`` makes now; -1 where that cannot be told (``f(*args)``)."""
    from opcode import opname

    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at + 1] if opname[code[at]] in ("CALL", "CALL_KW", "PRECALL") else -1


def _function(frame: FrameType, called: Any) -> str:
    """Return the name of the C function that ``frame`` calls, or nothing if it is deterministic."""
    owner = called.__self__
    if isinstance(owner, ModuleType):
        module = _MODULES.get(owner.__name__)
        needed = module[1].get(called.__name__) if module else None
        if module is None or needed is None or not needed(_arguments(frame)):
            return ""
        return f"{module[0]}.{called.__name__}"
    if isinstance(owner, type):
        return _of_class(frame, owner, called.__name__)
    return _of_object(frame, owner, called.__name__)


def _of_class(frame: FrameType, owner: type, name: str) -> str:
    if not issubclass(owner, date) or name not in _CLASS_METHODS:
        return ""
    # A time zone as second argument makes it the same everywhere.
    local = name != "fromtimestamp" or not issubclass(owner, datetime) or _arguments(frame) == 1
    return f"datetime.{'datetime' if issubclass(owner, datetime) else 'date'}.{name}" if local else ""


def _of_object(frame: FrameType, owner: Any, name: str) -> str:
    if isinstance(owner, datetime):
        local = owner.tzinfo is None or (name == "astimezone" and _arguments(frame) == 0)
        return f"datetime.datetime.{name}" if name in ("astimezone", "timestamp") and local else ""
    kind = type(owner)
    seed = getattr(kind, "seed", None)
    if isinstance(seed, FunctionType) and seed.__module__ == "random":
        return _of_random(frame, owner, name, shared=seed.__globals__.get("_inst"))
    if any(each.__module__ == "_socket" for each in kind.__mro__) and name in _SOCKET_METHODS:
        return f"socket.socket.{name}"
    return ""


def _of_random(frame: FrameType, owner: Any, name: str, *, shared: Any) -> str:
    """Tell the generator that the whole process shares, and one that is seeded from the machine."""
    if name == "seed":
        return "random.Random" if frame.f_code.co_name == "seed" and frame.f_locals.get("a") is None else ""
    return f"random.{name}" if owner is shared and name in ("random", "getrandbits") else ""


def _always(_: int) -> bool:
    return True


def _exactly(number: int) -> Callable[[int], bool]:
    return lambda arguments: arguments == number


def _all(names: str) -> dict[str, Callable[[int], bool]]:
    return dict.fromkeys(names.split(), _always)


_TIME = _all(
    "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns thread_time"
    " thread_time_ns clock_gettime clock_gettime_ns localtime ctime mktime"
) | {"gmtime": _exactly(0), "asctime": _exactly(0), "strftime": _exactly(1)}
_SYSTEM = _all(
    "urandom getrandom getpid getppid getcwd getcwdb listdir scandir stat lstat open read uname getlogin cpu_count"
    " getloadavg times access readlink getuid statvfs sched_getaffinity"
)
_MODULES: Mapping[str, tuple[str, Mapping[str, Callable[[int], bool]]]] = {
    "time": ("time", _TIME),
    "posix": ("os", _SYSTEM),
    "nt": ("os", _SYSTEM),
    "_io": ("io", _all("open open_code")),
    "io": ("io", _all("open open_code")),
    "_socket": ("socket", _all("gethostname getaddrinfo gethostbyname gethostbyname_ex gethostbyaddr getfqdn")),
    "_posixsubprocess": ("subprocess", _all("fork_exec")),
    "_thread": ("threading", _all("start_new_thread start_new start_joinable_thread")),
    "_uuid": ("uuid", _all("generate_time_safe UuidCreate")),
    "_locale": ("locale", _all("setlocale localeconv nl_langinfo")),
    "locale": ("locale", _all("setlocale localeconv")),
}
_CLASS_METHODS = frozenset({"now", "utcnow", "today", "fromtimestamp"})
_SOCKET_METHODS = frozenset({"connect", "connect_ex", "bind", "recv", "send", "sendall"})
_C_NAMES = (
    frozenset(name for _, names in _MODULES.values() for name in names)
    | _CLASS_METHODS
    | _SOCKET_METHODS
    | {"astimezone", "timestamp", "random", "getrandbits", "seed"}
)


def _codes() -> dict[int, str]:
    """Return functions written in Python that keep their answer, so that the C function is not called each time."""
    environ: dict[str, Any] = dict(vars(type(os.environ)))
    functions = {environ[name].__code__: "os.environ" for name in ("__getitem__", "__iter__", "__len__")}
    names = ("node", "system", "release", "version", "machine", "processor", "uname", "platform")
    functions |= {getattr(platform, name).__code__: f"platform.{name}" for name in names}
    functions |= {uuid.getnode.__code__: "uuid.getnode", tempfile.gettempdir.__code__: "tempfile.gettempdir"}
    return {id(code): name for code, name in functions.items()}


_PYTHON_CODES = _codes()
