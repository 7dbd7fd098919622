"""The fork server's process: has imported a worker's installed modules, and forks one worker after the other.

Run by its path as ``python [FLAGS] child.py DESCRIPTOR``, with the worker's interpreter, flags, folder and
environment; that may be another interpreter than crashproof's, from Python 3.10 on. The descriptor is a socket whose
other end crashproof holds: ``parent.py`` describes what passes there. It imports the standard library alone, and what
it is told to. It never imports or runs a module of the worker's own: the forked copy does, as its main program, and
ends as an interpreter of its own would.

Forking is right only while nothing but the memory is shared. So the fork server is unfit, and says so, once an import
has started a thread or a process or has opened a file; and it refuses a worker that would have seen another environment
during the imports, or whose own modules stand before the imported ones.

It learns from its workers: what they imported late, of what is installed, those after them have from the start. The
order of things is:

1. A worker writes the names of modules that it looks for into memory that is shared (``late_imports.py``).
2. Once its keeper has ended, or the next worker is asked for, the fork server imports what it does not have.
3. Does that make it unfit, it says so once, and forks no more. What it has forked lives on.
"""

import sys

_BARE = frozenset(sys.modules)  # what every interpreter has loaded before its first own line
if not getattr(sys.flags, "safe_path", False):  # Python 3.10 does not have it
    del sys.path[0]  # the folder of this file

import _locale  # noqa: E402
import builtins  # noqa: E402
import contextlib  # noqa: E402
import importlib  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import runpy  # noqa: E402
import select  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
import types  # noqa: E402
from importlib.machinery import SourceFileLoader  # noqa: E402
from typing import Any, NoReturn  # noqa: E402

MESSAGE_BYTES = 1 << 20

# These are not imported, since a worker may have modules of their names.
_FOLDER = os.path.dirname(__file__)
_keep = runpy.run_path(os.path.join(os.path.dirname(_FOLDER), "keeper.py"))["keep"]
_LateImports: Any = runpy.run_path(os.path.join(_FOLDER, "late_imports.py"))["LateImports"]
_imported = runpy.run_path(os.path.join(_FOLDER, "imported.py"))
_Imported: Any = _imported["Imported"]
_UnfitError: Any = _imported["UnfitError"]


class Forking:
    """Forks a worker for each request, with a keeper of its own, which tells of it."""

    def __init__(self, channel: socket.socket, imported: Any) -> None:
        self._channel = channel
        self._imported = imported
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._keepers: dict[int, tuple[int, dict[str, Any], Any]] = {}

    def serve(self) -> dict[str, Any]:
        """Serve until crashproof is gone. In a forked copy that is to be a worker, return the request."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != self._channel.fileno():
                    self._reap(descriptor)
                    continue
                job = self._request()
                if job is not None:
                    return job

    def _request(self) -> dict[str, Any] | None:
        for _, of_another, late in self._keepers.values():  # with the request a socket comes, which no import opened
            self._learn(late.names(), of_another)
        received, descriptors, _, _ = socket.recv_fds(self._channel, MESSAGE_BYTES, 2)
        if not received:
            os._exit(0)
        job: dict[str, Any] = json.loads(received)
        if "late" in job:
            self._learn(job["late"], None)
            return None
        with contextlib.ExitStack() as stack:
            control, *standard = (stack.enter_context(socket.socket(fileno=each)) for each in descriptors)
            refusal = self._imported.refusal(job)
            if refusal:
                _tell(control, f"refused {refusal}")
                return None
            return job if self._fork(job, control, standard) else None

    def _fork(self, job: dict[str, Any], control: socket.socket, standard: list[socket.socket]) -> bool:
        """Fork a keeper, and below it a worker; tell whether this is the worker."""
        sys.stdout.flush()
        sys.stderr.flush()
        late = _LateImports()
        pid = os.fork()
        if pid:
            descriptor = os.pidfd_open(pid)
            self._keepers[descriptor] = (pid, job, late)
            self._poll.register(descriptor, select.POLLIN)
            return False
        os.setsid()
        _keep(control)
        try:
            self._be_born(job, standard)
        except BaseException as error:
            _tell(control, f"refused {type(error).__name__}: {error}")
            os._exit(1)
        if self._imported.learns and job["teaches"]:
            late.watch()
        _tell(control, f"started {os.getpid()} {os.getppid()}")
        return True

    def _be_born(self, job: dict[str, Any], standard: list[socket.socket]) -> None:
        """In the forked copy: become a process of its own."""
        for name, descriptor in (("out", 1), ("err", 2)):
            opened = os.open(job[name], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        for descriptor, each in itertools.product((0, 1), standard):
            os.dup2(each.fileno(), descriptor)
        os.chdir(job["cwd"])
        _begin_in(job["environment"], before=self._imported.given)
        wanted = self._imported.environment(job)
        os.environ.clear()
        os.environ.update(wanted)
        for generator in self._imported.generators:
            generator.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        for descriptor in self._keepers:
            os.close(descriptor)
        self._channel.close()

    def _reap(self, descriptor: int) -> None:
        """Reap a keeper that has ended, and learn from its worker."""
        self._poll.unregister(descriptor)
        os.close(descriptor)
        pid, job, late = self._keepers.pop(descriptor)
        os.waitpid(pid, 0)
        self._learn(late.names(), job)

    def _learn(self, names: list[str], job: dict[str, Any] | None) -> None:
        if not names:
            return
        try:
            learned = self._imported.learn(names, job)
        except _UnfitError as error:
            self._send(unfit=str(error))
        else:
            if learned and job:
                self._send(learned=learned)

    def _send(self, **message: Any) -> None:
        try:
            self._channel.send(json.dumps(message).encode())
        except OSError:  # crashproof is gone
            os._exit(0)


def _tell(control: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):  # crashproof wants it no more
        control.send(line.replace("\n", " ").encode(errors="replace") + b"\n")


def _begin_in(environment: dict[str, str], *, before: dict[str, str]) -> None:
    """Take time zone and locale from an environment, as an interpreter does at its start, before any import.

    Raises:
        ValueError: The locale has another encoding than this interpreter began with.
    """
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if any(environment.get(name) != before.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        _locale.setlocale(_locale.LC_CTYPE, "")
        if {_locale.nl_langinfo(_locale.CODESET).lower(), sys.getfilesystemencoding()} != {"utf-8"}:
            raise ValueError("its locale has another encoding")


def become(job: dict[str, Any]) -> None:
    """Run the worker as the main program of this process."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __annotations__={})
    sys.modules["__main__"] = main
    if "__mp_main__" in sys.modules:  # the name that multiprocessing has for it
        sys.modules["__mp_main__"] = main
    sys.orig_argv[:] = job["command"]
    sys.argv[:] = [job["script"] or "-m", *job["arguments"]]
    if not (getattr(sys.flags, "safe_path", False) or job["puts_root_first"]):
        sys.path.insert(0, job["root"])
        sys.path_importer_cache.pop(job["root"], None)
    importlib.invalidate_caches()
    try:
        if job["module"]:
            runpy._run_module_as_main(job["module"])  # type: ignore[attr-defined]
        else:
            _run_script(os.path.abspath(job["script"]), main)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        _fail(error)


def _run_script(file: str, main: types.ModuleType) -> None:
    main.__dict__.update(__file__=file, __cached__=None, __loader__=SourceFileLoader("__main__", file))
    with open(file, "rb") as opened:
        code = compile(opened.read(), file, "exec")
    exec(code, main.__dict__)


def _fail(error: BaseException) -> NoReturn:
    """End as the interpreter does for an exception that nobody caught, without the lines of this file."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error.__traceback__ = trace
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    sys.excepthook(type(error), error, trace)
    sys.exit(1)


def _serve(descriptor: int) -> dict[str, Any]:
    os.set_inheritable(descriptor, False)
    channel = socket.socket(fileno=descriptor)
    first = channel.recv(MESSAGE_BYTES)
    try:
        imported = _Imported(json.loads(first), bare=_BARE)
    except _UnfitError as error:
        channel.send(json.dumps({"unfit": str(error)}).encode())
        os._exit(0)
    channel.send(json.dumps({"ready": sorted(imported.tops)}).encode())
    return Forking(channel, imported).serve()


if __name__ == "__main__":
    become(_serve(int(sys.argv[1])))
