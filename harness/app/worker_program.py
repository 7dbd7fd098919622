"""A worker program given alone: which options describe it is read from its code, and never from running it."""

from __future__ import annotations

import ast
import functools
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError, nearest
from harness.records.scenario import WAITING

if TYPE_CHECKING:
    from harness.audit.program_reading import ReadSend, ReadWorker, ReadWorkflow

_TELLING = ("signal", "update", "query", "cancel")
"""Options that say what is sent: where one of them is given nothing is sent but what they say."""


@dataclass(frozen=True, kw_only=True)
class ReadProgram:
    """How one workflow of a worker program is run.

    Attributes:
        options: Options that describe the worker, by their names without dashes.
        said: What was read, in one line.
        module: Module to replay its workflow code from; empty where that cannot be imported as it is.
    """

    options: Mapping[str, Any]
    said: str
    module: str = ""


def all_options(read: ReadProgram, described: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a worker: those that were read, in their order, after those that only the user may give.

    By the order of the options the workflow is sent first what it waits for first.
    """
    return {**{name: value for name, value in described.items() if name not in read.options}, **read.options}


def makes_worker(file: Path) -> bool:
    """Tell whether a Python file looks like a program that makes a Temporal worker, and like no file of scenarios.

    It makes one itself, or runs as a program and hands its workflows to a function of another module that does.
    """
    try:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return False
    itself = "temporalio" in text and "Worker(" in text
    return "Scenario(" not in text and (itself or ("__main__" in text and "workflows=" in text))


def read_options(file: Path, *, given: Mapping[str, Any]) -> list[ReadProgram]:
    """Return how each workflow of a worker program is run; how the program itself is, where it starts its own.

    Workflows that only others start are left out.

    Args:
        file: The program.
        given: Options of the user, which stand: ``workflow`` chooses one, and what else is given is not read.

    Raises:
        UsageError: No worker can be read from it, or nothing can be made up for an argument of a workflow.
    """
    from harness.audit.program_reading import read_program  # it takes its time, and most files declare scenarios

    workers = read_program(file)
    every = [each for worker in workers for each in _programs(file, worker, given)]
    if not every:
        _must_be_python(file)
        known = [workflow.name for worker in workers for workflow in worker.workflows]
        raise UsageError(
            f"no workflow {given['workflow']!r} can be read from {file}{nearest(given['workflow'], known)}"
            if given.get("workflow") and known
            else f"{file} declares no scenario, and no workflow of a worker can be read from it; describe the worker "
            f"by options: --worker {command_of(file)!r} --workflow TYPE"
        )
    return every


def _must_be_python(file: Path) -> None:
    try:
        ast.parse(file.read_bytes(), filename=str(file))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{file} cannot be read: {type(error).__name__}: {error}") from error


def _programs(file: Path, worker: ReadWorker, given: Mapping[str, Any]) -> Iterator[ReadProgram]:
    options = {name: value for name, value in given.items() if value}
    common = {
        "worker": command_of(file),
        "task_queue": worker.task_queue,
        "address": loopback(worker.address),
        **({"data_converter": worker.data_converter} if worker.data_converter else {}),
    }
    played = services_of(worker)
    replayed = functools.partial(module_to_replay, worker, root=_root_of(file))
    modules = {each.name: replayed(each) for each in worker.workflows}
    if needs := {**needs_of(file, imported=any(modules.values())), **played}:
        options["env"] = (*(f"{name}={value}" for name, value in needs.items()), *given.get("env", ()))
    where = f"{file}:{worker.line}: task queue {worker.task_queue or 'as it polls'}"
    where += f"; {', '.join(played)} leads to services that are played" if played else ""
    if worker.starts and not (given.get("workflow") or given.get("starter")):
        own = {**common, "one_program": True, "workflow": worker.starts}
        said = f"{where}; it starts {worker.starts} itself{_not_replayed(worker, given)}"
        yield ReadProgram(options={**own, **options}, said=said, module=modules.get(worker.starts, ""))
        return
    if given.get("activity"):
        yield ReadProgram(options={**common, **options}, said=f"{where}; {given['activity']} is started alone")
        return
    for workflow in worker.workflows:
        if given.get("workflow") in (None, "", workflow.name):
            starts = not (given.get("starter") or given.get("one_program"))
            said = "; ".join([where, *(_said(file, workflow, given) if starts else ())])
            arguments = {"input": _arguments(file, workflow)} if starts and not given.get("input") else {}
            sent = _sent(workflow) if starts and not any(given.get(each) for each in _TELLING) else {}
            read = {**common, "workflow": workflow.name, **arguments, **sent, **options}
            if made := _made_up(file, workflow, arguments=bool(arguments.get("input")), sent=bool(sent)):
                read["made_up"] = made
            said += _not_replayed(worker, given)
            yield ReadProgram(options=read, said=said, module=modules[workflow.name])


def _made_up(file: Path, workflow: ReadWorkflow, *, arguments: bool, sent: bool) -> str:
    """Say what of a run is crashproof's own, and fits the worker or not; an empty text where nothing is."""
    made = []
    if arguments and workflow.made_up:
        of_it = f"{', '.join(workflow.filled)} of its input" if workflow.filled else "its input"
        made.append(f"{of_it} (--input{_or_starter(file, workflow)})")
    return " and ".join([*made, *(["what it is sent (--signal, --update)"] if sent else [])])


def _starter(file: Path, workflow: ReadWorkflow) -> str:
    """Return the command of the program that starts a workflow as its user does; empty where that is not another."""
    starter = workflow.starter
    return command_of(Path(os.path.relpath(starter))) if starter and starter.resolve() != file.resolve() else ""


def _or_starter(file: Path, workflow: ReadWorkflow) -> str:
    starter = _starter(file, workflow)
    return f", or --starter '{starter}', which starts it" if starter else ""


def _not_replayed(worker: ReadWorker, given: Mapping[str, Any]) -> str:
    if not worker.unnamed or given.get("replayer"):
        return ""
    return f"; not replayed, for its {' and '.join(worker.unnamed)}: --replayer MODULE:FUNCTION says how"


def _arguments(file: Path, workflow: ReadWorkflow) -> tuple[str, ...]:
    if workflow.unknown:
        raise UsageError(
            f"{file}: nothing can be made up for {', '.join(workflow.unknown)} of {workflow.name}: "
            f"give its arguments with --workflow {workflow.name} --input JSON{_or_starter(file, workflow)}"
        )
    return (_shown(workflow.arguments),) if workflow.arguments else ()


def _sent(workflow: ReadWorkflow) -> dict[str, tuple[str, ...]]:
    """Return the options that send a workflow what it waits for, whenever it waits."""
    sent: dict[str, tuple[str, ...]] = {}
    for each in _in_order(workflow):
        given = f"={_shown(each.arguments)}" if each.arguments else ""
        sent[each.kind] = (*sent.get(each.kind, ()), f"{each.name}{given}@{WAITING}")
    return sent


def _in_order(workflow: ReadWorkflow) -> list[ReadSend]:
    """Return what a workflow is sent in an order that options can say: all of the kind that comes first, first."""
    kinds = list(dict.fromkeys(each.kind for each in workflow.sends))
    return sorted(workflow.sends, key=lambda each: kinds.index(each.kind))


def _said(file: Path, workflow: ReadWorkflow, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a workflow is started with and what it is sent, unless the user says so."""
    if not given.get("input"):
        whence = " as code of the project starts it" if workflow.written else ", made up" if workflow.arguments else ""
        whence += f" ({', '.join(workflow.filled)}: made up)" if workflow.filled else ""
        yield f"{workflow.name} is started with {_shown(workflow.arguments) or 'nothing'}{whence}"
    if any(given.get(each) for each in _TELLING) or not workflow.signals:
        return
    if not workflow.sends:
        starter = _starter(file, workflow)
        which = f"; --starter '{starter}' starts it, and may send them" if starter else ""
        yield f"it takes {', '.join(workflow.signals)}, of which none is sent{which}"
        return
    yield f"whenever it waits it is sent {', and if it waits again '.join(map(_with_arguments, _in_order(workflow)))}"


def _with_arguments(send: ReadSend) -> str:
    if not send.arguments:
        return send.name
    whence = " as code of the project sends it" if send.written else ", made up"
    return f"{send.name} with {_shown(send.arguments)}{whence}"


def _shown(values: Sequence[Any]) -> str:
    return ", ".join(json.dumps(each, ensure_ascii=False) for each in values)


def loopback(address: str) -> str:
    """Return an address that is written in the code where a door can stand there."""
    host, _, port = address.rpartition(":")
    return address if port.isdigit() and host in ("localhost", "127.0.0.1", "[::1]") else ""


def command_of(file: Path) -> str:
    """Return the command that runs a file: as a module where it stands in a package."""
    names, _ = _in_package(file)
    if len(names) == 1:
        return f"python {file}"
    return f"python -m {'.'.join(names).removesuffix('.__main__')}"


def needs_of(file: Path, *, imported: bool = False) -> dict[str, str]:
    """Return what the command of a file needs in its environment: where its package is, as ``src``, if not here.

    Args:
        file: The file.
        imported: Whether its modules are imported elsewhere, too, so that the folder of a file alone is told as well.
    """
    names, folder = _in_package(file)
    here = Path.cwd().resolve()
    if folder.resolve() == here or (len(names) == 1 and not imported):
        return {}
    paths = (os.path.relpath(folder.resolve(), here), os.environ.get("PYTHONPATH", ""))
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def module_to_replay(worker: ReadWorker, workflow: ReadWorkflow, *, root: Path | None = None) -> str:
    """Return the module by which a workflow is replayed as its worker does; empty where that takes more than it.

    Args:
        worker: The worker.
        workflow: The workflow.
        root: Folder that modules are imported from beside the current one.
    """
    return module_of(workflow.file, root=root) if workflow.file and not worker.unnamed else ""


def module_of(file: Path, *, root: Path | None = None) -> str:
    """Return the name by which a file is imported from the current folder, or from another; empty where it cannot."""
    names, folder = _in_package(file)
    return ".".join(names) if folder.resolve() in (Path.cwd().resolve(), root) else ""


def _root_of(file: Path) -> Path:
    """Return the folder from which the modules of a program are imported."""
    return _in_package(file)[1].resolve()


def services_of(worker: ReadWorker) -> dict[str, str]:
    """Return the variables by which a worker is told services, leading to what plays them; not those that are set."""
    return {name: f"${{EFFECTS_URL}}{path}" for name, path in worker.services.items() if name not in os.environ}


def _in_package(file: Path) -> tuple[list[str], Path]:
    """Return the names of a file's packages and its own, and the folder that holds the outermost one.

    A package has an ``__init__.py``, or the file imports by its name what lies below it. A file that imports what lies
    beside it as if it were no package is run as it is.
    """
    names, folder, imports = [file.stem], file.resolve().parent, _imports(file)
    top = _imported_package(imports, folder)
    is_package = top is not None or not _imports_from_beside(imports, folder)
    while (is_package and (folder / "__init__.py").is_file()) or top in (folder, *folder.parents):
        names.insert(0, folder.name)
        folder = folder.parent
    return names, folder


def _imported_package(imports: Sequence[str], folder: Path) -> Path | None:
    """Return the nearest folder, of a file's own on, by whose name it imports what lies below; None: there is none."""
    parts = [name.split(".") for name in imports]
    for package in (folder, *folder.parents):
        for top, *below in parts:
            module = package.joinpath(*below)
            if below and top == package.name and (module.is_dir() or module.with_suffix(".py").is_file()):
                return package
    return None


def _imports_from_beside(imports: Sequence[str], folder: Path) -> bool:
    """Tell whether a file imports by its bare name what lies beside it, and is nowhere else to be imported from."""
    tops = {name.partition(".")[0] for name in imports}
    beside = {top for top in tops if (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file()}
    return any(top not in sys.stdlib_module_names and find_spec(top) is None for top in beside)


def _imports(file: Path) -> list[str]:
    """Return the modules that a file imports by their whole names; none where it cannot be read."""
    from harness.audit.code.file_outline import outline_of  # it takes its time, as what reads programs does
    from harness.audit.code.source import read

    return [name for level, name, _ in outline_of(read(file)).imports if not level]
