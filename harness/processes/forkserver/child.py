"""The fork server's process: has imported a worker's installed modules, and forks one worker after the other.

Run by its path as ``python [FLAGS] child.py DESCRIPTOR``, with the worker's interpreter, flags, folder and
environment. The descriptor is a socket whose other end crashproof holds: ``parent.py`` describes what passes there. It
imports the standard library alone, and what it is told to. It never imports or runs a module of the worker's own: the
forked copy does, as its main program, and ends as an interpreter of its own would.

Forking is right only while nothing but the memory is shared. So the fork server is unfit, and says so, once an import
has started a thread or a process or has opened a file; and it refuses a worker that would have seen another environment
during the imports, or whose own modules stand before the imported ones.
"""

import sys

_BARE = frozenset(sys.modules)  # what every interpreter has loaded before its first own line
if not sys.flags.safe_path:
    del sys.path[0]  # the folder of this file

import builtins  # noqa: E402
import contextlib  # noqa: E402
import ctypes  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import runpy  # noqa: E402
import select  # noqa: E402
import socket  # noqa: E402
import types  # noqa: E402
from importlib.machinery import SourceFileLoader  # noqa: E402
from typing import Any, ClassVar, NoReturn  # noqa: E402

MARKER = "CRASHPROOF_RUN"
MESSAGE_BYTES = 1 << 20

# It is not imported, since a worker may have a module of that name.
_die_with_parent = runpy.run_path(os.path.join(os.path.dirname(os.path.dirname(__file__)), "tie.py"))["die_with_parent"]


class UnfitError(Exception):
    """No worker can be forked from this process."""


class _Watched(type(os.environ)):  # type: ignore[misc]
    """The environment while modules are imported: keeps the names that they ask for."""

    asked: ClassVar[set[str]] = set()
    whole = False

    def __getitem__(self, name: str) -> str:
        _Watched.asked.add(name)
        return super().__getitem__(name)  # type: ignore[no-any-return]

    def __iter__(self) -> Any:
        _Watched.whole = True
        return super().__iter__()


class ForkServerProcess:
    """What was imported, and how far it may serve.

    Args:
        wanted: The first message: ``modules`` to import, top-level names of the worker's ``own`` modules, ``sets`` of
            environment variables by the worker itself, ``installed`` folders, and the ``environment`` it was given.
    """

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.given: dict[str, str] = wanted["environment"]
        self.asked: set[str] = set()
        descriptors = _descriptors()
        plain = os.environ.__class__
        os.environ.__class__ = _Watched
        try:
            for name in wanted["modules"]:
                _import(name)
        finally:
            os.environ.__class__ = plain
        self._examine(wanted, descriptors)
        self.asked = _Watched.asked - {MARKER}
        now = {name: value for name, value in os.environ.items() if name != MARKER}
        self.written = {name: value for name, value in now.items() if self.given.get(name) != value}
        self.removed = self.given.keys() - now.keys()
        self.tops = {name.partition(".")[0] for name in sys.modules.keys() - _BARE}
        self.generators = [
            each
            for each in gc.get_objects()
            if isinstance(each, random.Random) and not isinstance(each, random.SystemRandom)
        ]
        _name_the_build()
        gc.collect()
        gc.freeze()

    def _examine(self, wanted: dict[str, Any], before: set[str]) -> None:
        if opened := _descriptors() - before:
            raise UnfitError(f"an import opened {', '.join(sorted(opened))}")
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            raise UnfitError("an import started a process")
        except ChildProcessError:
            pass
        if _Watched.whole:
            raise UnfitError("an import read the whole environment")
        if both := _Watched.asked & set(wanted["sets"]):
            raise UnfitError(f"the program sets {min(both)}, which an import reads")
        installed = tuple(wanted["installed"])
        for name in sys.modules.keys() - _BARE:
            file = getattr(sys.modules[name], "__file__", None)
            if name in ("__main__", "__mp_main__") or not file:
                continue
            if name.partition(".")[0] in wanted["own"] or not os.path.realpath(file).startswith(installed):
                raise UnfitError(f"an import imported {name}, which is not installed")

    def refusal(self, job: dict[str, Any]) -> str:
        """Say why a worker would not be what a start of its own makes it, or return an empty text."""
        for name in sorted(self.asked):
            if self.given.get(name) != job["environment"].get(name):
                return f"an import read {name}, which is another one in this worker"
        shadows = self.tops & _modules_in(job["root"])
        if shadows and not sys.flags.safe_path:
            return f"the module {min(shadows)} of the worker stands before the imported one"
        return ""

    def environment(self, job: dict[str, Any]) -> dict[str, str]:
        """Return the environment of a worker, with what the interpreter and the imports did to it."""
        kept = {name: value for name, value in job["environment"].items() if name not in self.removed}
        return {**kept, **self.written}


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except (Exception, SystemExit):  # the worker will meet it itself, and may be prepared for it
        return
    if len(os.listdir("/proc/self/task")) > 1:
        raise UnfitError(f"importing {name} started a thread")


def _name_the_build() -> None:
    """Let the SDK make its default build id now, of what is imported, and remember it.

    Else each worker reads and hashes every imported module again: 0.2 CPU-seconds for 1,300 of them.
    """
    make: Any = getattr(sys.modules.get("temporalio.worker._worker"), "load_default_build_id", None)
    if make:
        with contextlib.suppress(Exception):  # then each worker makes its own
            make()


def _descriptors() -> set[str]:
    """Return what is open, without devices."""
    opened = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # that of the listing itself
            continue
        if not target.startswith(("/dev/", "/proc/")):
            opened.add(target)
    return opened


def _modules_in(folder: str) -> set[str]:
    """Return the top-level modules of a folder."""
    modules = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            name, dot, ending = entry.name.partition(".")
            is_module = ending.endswith(("py", "so", "pyc")) if dot else os.path.exists(f"{entry.path}/__init__.py")
            if is_module:
                modules.add(name)
    return modules


class Forking:
    """Forks a worker for each request, and tells of its end."""

    def __init__(self, channel: socket.socket, fork_server: ForkServerProcess) -> None:
        self._channel = channel
        self._fork_server = fork_server
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._children: dict[int, tuple[int, int]] = {}

    def serve(self) -> dict[str, Any]:
        """Serve until crashproof is gone. In a forked copy, return the request."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != self._channel.fileno():
                    self._tell_end(descriptor)
                    continue
                job = self._request()
                if job is not None:
                    return job

    def _request(self) -> dict[str, Any] | None:
        received = self._channel.recv(MESSAGE_BYTES)
        if not received:
            os._exit(0)
        message = json.loads(received)
        if "reap" in message:
            os.waitpid(message["reap"], 0)
            return None
        refusal = self._fork_server.refusal(message)
        if refusal:
            self._send(number=message["number"], refused=refusal)
            return None
        return self._fork(message)

    def _fork(self, job: dict[str, Any]) -> dict[str, Any] | None:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            descriptor = os.pidfd_open(pid)
            self._children[descriptor] = (job["number"], pid)
            self._poll.register(descriptor, select.POLLIN)
            return None
        try:
            self._be_born(job, parent)
        except BaseException as error:
            self._send(number=job["number"], refused=f"{type(error).__name__}: {error}")
            os._exit(1)
        return job

    def _be_born(self, job: dict[str, Any], parent: int) -> None:
        """In the forked copy: become a process of its own."""
        _die_with_parent(parent)
        os.setsid()
        for name, descriptor in (("out", 1), ("err", 2)):
            opened = os.open(job[name], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.chdir(job["cwd"])
        wanted = self._fork_server.environment(job)
        os.environ.clear()
        os.environ.update(wanted)
        _show(wanted)
        for generator in self._fork_server.generators:
            generator.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        self._send(number=job["number"], started=os.getpid())
        for descriptor in self._children:
            os.close(descriptor)
        self._channel.close()

    def _tell_end(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        os.close(descriptor)
        number, pid = self._children.pop(descriptor)
        # The process stays a zombie until crashproof asks for it to be reaped, so its id is not given to another.
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        self._send(number=number, ended=status, pid=pid)

    def _send(self, **message: Any) -> None:
        try:
            self._channel.send(json.dumps(message).encode())
        except OSError:  # crashproof is gone
            os._exit(0)


def _show(environment: dict[str, str]) -> None:
    """Write the environment where ``/proc`` shows that of a process: what belongs to a run is found by it there.

    The kernel shows the memory in which it laid the environment at the start. Nothing points there any more once every
    variable was removed and set anew.
    """
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    first = {MARKER: environment.get(MARKER, "")}
    lines = [f"{name}={value}".encode(errors="surrogateescape") for name, value in {**first, **environment}.items()]
    shown = b""
    for line in lines:
        if len(shown) + len(line) + 1 <= end - start:
            shown += line + b"\0"
    if start and end > start:
        ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)


def become(job: dict[str, Any]) -> None:
    """Run the worker as the main program of this process."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __annotations__={})
    sys.modules["__main__"] = main
    if "__mp_main__" in sys.modules:  # the name that multiprocessing has for it
        sys.modules["__mp_main__"] = main
    sys.orig_argv[:] = job["command"]
    sys.argv[:] = [job["script"] or "-m", *job["arguments"]]
    if not sys.flags.safe_path:
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
        fork_server = ForkServerProcess(json.loads(first))
    except UnfitError as error:
        channel.send(json.dumps({"unfit": str(error)}).encode())
        os._exit(0)
    channel.send(json.dumps({"ready": sorted(fork_server.tops)}).encode())
    return Forking(channel, fork_server).serve()


if __name__ == "__main__":
    become(_serve(int(sys.argv[1])))
