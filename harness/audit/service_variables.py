"""Services whose address a program reads from its environment, and which run on the same machine unless it says more.

Nothing listens there in a trial: what plays the services of a worker has to be told to it by these variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from harness.audit.code.project import Project
from harness.audit.code.project_records import Module
from harness.audit.code.start_calls import calls_of
from harness.records.placeholders import DOOR_VARIABLES

_READS = frozenset({"get", "getenv"})
_HERE = ("localhost", "127.0.0.1", "0.0.0.0", "::1")
_NO_SERVICE = re.compile(
    r"TEMPORAL|OPENAI|ANTHROPIC|OLLAMA|LLM|MODEL|OTEL|OTLP|TRAC|METRIC|PROMETHEUS|JAEGER|GRAFANA|LOKI|PROXY"
)
"""What the name of a variable holds that leads to the server, a model or to what watches: no effect is made there."""


def service_variables(project: Project, modules: Sequence[Module]) -> dict[str, str]:
    """Return the variables that name a service of this machine, with the path of its address.

    Args:
        project: The project.
        modules: The modules that are looked at.
    """
    return dict(_read(project, modules))


def _read(project: Project, modules: Sequence[Module]) -> Iterator[tuple[str, str]]:
    for module in modules:
        for call in calls_of(module, _READS):
            if len(call.args) < 2 or project.called_name(call) not in ("os.getenv", "os.environ.get"):
                continue
            name, default = project.value_of(call.args[0]), project.value_of(call.args[1])
            if not (isinstance(name, str) and isinstance(default, str)):
                continue
            if name not in DOOR_VARIABLES and not _NO_SERVICE.search(name.upper()) and _is_here(default):
                yield name, urlsplit(default).path.rstrip("/")


def _is_here(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _HERE
