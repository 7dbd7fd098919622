"""Why a worker process did not start to work: the whole chain of causes from its log, and what to do about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import RigError
from harness.processes.command import left_out
from harness.processes.process import Process

_LINES_READ = 2000
_LINES_SHOWN = 20
_MESSAGE_SHOWN = 400

_BEGINS = "Traceback (most recent call last):"
_LEADS_ON = re.compile(r"The above exception was the direct cause|During handling of the above exception")
_GROUP = re.compile(r"^[\s|+-]*(?:\| |\+-)")
_RAISED = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_REFUSED = re.compile(r'tcp connect error", (?P<address>[^,]+), |Connection refused|ConnectionRefused')
_NO_HOST = re.compile(r"dns error|failed to lookup address|Name or service not known")
_NO_TLS = re.compile(r"InvalidContentType|CorruptMessage|WRONG_VERSION_NUMBER|record layer failure")
_NOT_TRUSTED = re.compile(
    r"UnknownIssuer|NotValidForName|InvalidCertificate|CERTIFICATE_VERIFY_FAILED|HandshakeFailure"
)
_NO_MODULE = re.compile(r"^(?:ModuleNotFoundError|ImportError): No module named '(?P<module>[^']+)'", re.MULTILINE)
_NO_PROFILE = re.compile(r"Profile '(?P<profile>[^']*)' not found")
_NO_VARIABLE = re.compile(r"^KeyError: '(?P<name>[A-Z][A-Z0-9_]*)'", re.MULTILINE)
_NOT_SET = re.compile(r"""os(?:\.py|>)", line \d+, in __getitem__\n(?:\s.*\n)*KeyError: '(?P<name>[A-Za-z_]\w*)'""")
_SANDBOX = re.compile(r"RestrictedWorkflowAccessError: (?P<what>.*)|Failed validating workflow (?P<workflow>\S+)")

_RUNS_AGAIN = "asyncio.run() cannot be called from a running event loop"


def failed_start(
    message: str, *, process: Process, environment: Mapping[str, str], address: str = "", tls: bool = False
) -> RigError:
    """Return the error for a worker process that did not come to poll.

    Args:
        message: What happened, in a sentence.
        process: The process.
        environment: Its environment.
        address: The fixed address that was given for it, if any.
        tls: Whether its door speaks TLS.
    """
    written = process.log_tail(_LINES_READ)
    causes = chain_of_causes(written.splitlines())
    parts = [message]
    if len(causes) > 1:
        parts += ["The first cause comes first:", *(f"  {number}. {cause}" for number, cause in enumerate(causes, 1))]
    parts += [f"Hint: {hint}" for hint in hints(written, environment=environment, address=address, tls=tls)]
    parts.append(f"Its whole log: {_shown(process.err)} and {process.out.name}; its end:")
    return RigError("\n".join(parts), log="\n".join(written.splitlines()[-_LINES_SHOWN:]))


def chain_of_causes(lines: Sequence[str]) -> list[str]:
    """Return the errors of the last traceback of a log, the root first, as Python prints them."""
    causes: list[str] = []
    within = continued = False
    for line in (_GROUP.sub("", line) if line.lstrip().startswith(("|", "+")) else line for line in lines):
        if line.strip().endswith(_BEGINS):
            causes = causes if continued else []
            within, continued = True, False
        elif _LEADS_ON.search(line):
            continued = True
        elif within and (raised := _RAISED.match(line)):
            causes.append(_cause(raised))
            within = False
    return list(dict.fromkeys(causes))


def _cause(raised: re.Match[str]) -> str:
    message = raised["message"] or ""
    shown = message if len(message) <= _MESSAGE_SHOWN else f"{message[:_MESSAGE_SHOWN]}…"
    return f"{raised['type']}: {shown}" if shown else raised["type"]


def hints(written: str, *, environment: Mapping[str, str], address: str = "", tls: bool = False) -> Iterator[str]:
    """Yield what fits what a worker process wrote: what to give, to change or to install."""
    door = environment.get("TEMPORAL_ADDRESS", "")
    if _SANDBOX.search(written) and _RUNS_AGAIN in written:
        yield (
            "the workflow sandbox imports the file that defines a workflow once more, and that starts the program "
            'again: let only `if __name__ == "__main__":` start it'
        )
    elif _SANDBOX.search(written):
        yield from _sandbox(written)
    if missing := _NO_MODULE.search(written):
        yield (
            f"the Python that ran the worker has no module {missing['module']!r}: install it there, or name "
            'the worker\'s own Python: --worker "/path/to/venv/bin/python worker.py"'
        )
    if profile := _NO_PROFILE.search(written):
        yield (
            f"the worker asks Temporal's configuration for the profile {profile['profile']!r}, and yours is not read, "
            "so that nothing reaches your cluster: give it a file that has one: --env TEMPORAL_CONFIG_FILE=FILE"
        )
    for variable in _NO_VARIABLE.finditer(written):
        if variable["name"] in left_out() and variable["name"] not in environment:
            yield f"{variable['name']} is not inherited: give the worker one with --env {variable['name']}=VALUE"
    if (unset := _NOT_SET.search(written)) and (name := unset["name"]) not in {*left_out(), *environment}:
        yield f"{name} is not set here: set it, or give the worker one with --env {name}=VALUE"
    if _NO_TLS.search(written):
        yield (
            "the worker speaks TLS, and the door does not: give --tls, and the door has a certificate that the worker "
            "trusts"
            if not tls
            else "the worker does not speak TLS, and the door does: leave --tls out"
        )
    elif _NOT_TRUSTED.search(written):
        yield (
            "the worker does not trust the certificate of the door: it trusts authorities of its own, or expects "
            "another name; let it take its TLS settings from TEMPORAL_TLS_… variables"
        )
    elif refused := _REFUSED.search(written):
        yield from _elsewhere(refused["address"] or "", door=door, address=address)
    elif _NO_HOST.search(written):
        yield f"the worker connects to a host that is not known here, and not to TEMPORAL_ADDRESS ({door})"


def _elsewhere(called: str, *, door: str, address: str) -> Iterator[str]:
    if called in (door, address):
        return
    where, given = (called, called) if called else ("an address where nothing listens", "HOST:PORT")
    yield (
        f"the worker connects to {where}, and not to TEMPORAL_ADDRESS ({door}): if its address is hard-coded, give it "
        f"with --address {given}"
    )


def _sandbox(written: str) -> Iterator[str]:
    """Yield what the sandbox refused, and the last line of the user's own code on the way there."""
    refused = [match["what"] for match in _SANDBOX.finditer(written) if match["what"]]
    what = f" ({refused[0].partition('. ')[0]})" if refused else ""
    place = _offending_import(written.splitlines())
    where = f": {place}" if place else ""
    yield (
        f"the workflow sandbox refuses what a workflow's module imports{what}{where}; import it within "
        "`with workflow.unsafe.imports_passed_through():`, or do it in an activity"
    )


def _offending_import(lines: Sequence[str]) -> str:
    """Return the last import in a file that is no installed package's, of the first chain that leads to the sandbox."""
    last = ""
    for line, code in zip(lines, [*lines[1:], ""], strict=True):
        if _SANDBOX.search(line) and last:
            return last
        frame = _FRAME.match(line)
        if frame and re.match(r"\s+(?:import|from)\s", code) and not _is_installed(frame["file"]):
            last = f"{_shown(Path(frame['file']))}:{frame['line']}: {code.strip()}"
    return last


def _is_installed(file: str) -> bool:
    return file.startswith("<") or "site-packages" in file or f"{os.sep}lib{os.sep}python" in file


def _shown(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
