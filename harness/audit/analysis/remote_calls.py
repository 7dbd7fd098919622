"""Calls that leave the process: which ones, to whom, and whether they block the thread that makes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from astroid import nodes

if TYPE_CHECKING:
    from harness.audit.code.project import Project


class Towards(StrEnum):
    """To whom a call goes that leaves the process: a model, a database, another server."""

    MODEL = "a model"
    HTTP = "another server"
    PROCESS = "another process"
    STORE = "a database"
    MAIL = "a mail server"
    SLEEP = "nowhere, it waits"


@dataclass(frozen=True, kw_only=True)
class RemoteCall:
    """One call that leaves the process or waits.

    Attributes:
        name: As the imports spell it (`requests.get`).
        towards: Where it goes.
        blocks: Whether the thread waits, rather than a coroutine.
        timeout: How long it takes at most where nothing is said, in seconds; 0 for no limit.
    """

    name: str
    towards: Towards
    blocks: bool
    timeout: float = 0.0


_CONNECTION = r"(?:sqlite3\.Connection|(?:psycopg|psycopg2|pymysql)\.connect\(\))\."
_VERBS = r"(?:get|post|put|patch|delete|head|options|request|send|stream)"

_TABLE: tuple[tuple[str, Towards, bool, float], ...] = (
    (r"openai\.Async\w+\.\w+\..+", Towards.MODEL, False, 600),
    (r"openai\.(?:Azure)?OpenAI\.\w+\..+", Towards.MODEL, True, 600),
    (r"anthropic\.Async\w+\.\w+\..+", Towards.MODEL, False, 600),
    (r"anthropic\.Anthropic\w*\.\w+\..+", Towards.MODEL, True, 600),
    (r"litellm\.a(?:completion|embedding|responses)", Towards.MODEL, False, 600),
    (r"litellm\.(?:completion|embedding|responses)", Towards.MODEL, True, 600),
    (r"ollama\.(?:chat|generate|embed|Client\.\w+)", Towards.MODEL, True, 0),
    (r"langchain\w*(?:\.\w+)*\.\w+(?:\(\))?\.(?:ainvoke|astream|abatch)", Towards.MODEL, False, 0),
    (r"langchain\w*(?:\.\w+)*\.\w+(?:\(\))?\.(?:invoke|stream|batch)", Towards.MODEL, True, 0),
    (r"google\.genai\.Client\.aio\..+", Towards.MODEL, False, 0),
    (r"google\.genai\.Client\.models\..+", Towards.MODEL, True, 0),
    (rf"requests\.(?:(?:Session|session\(\))\.)?{_VERBS}", Towards.HTTP, True, 0),
    (rf"httpx2?\.(?:Client\.)?{_VERBS}", Towards.HTTP, True, 5),
    (rf"httpx2?\.AsyncClient\.{_VERBS}", Towards.HTTP, False, 5),
    (rf"aiohttp\.(?:ClientSession\.)?{_VERBS}", Towards.HTTP, False, 300),
    (r"urllib\.request\.urlopen", Towards.HTTP, True, 0),
    (r"urllib3\.(?:request|PoolManager\.request)", Towards.HTTP, True, 0),
    (r"boto3\.(?:client|resource)\(\)\.\w+", Towards.HTTP, True, 60),
    (r"stripe\.\w+\.\w+", Towards.HTTP, True, 80),
    (r"subprocess\.(?:run|call|check_call|check_output|getoutput|getstatusoutput)", Towards.PROCESS, True, 0),
    (r"subprocess\.Popen\.(?:wait|communicate)", Towards.PROCESS, True, 0),
    (r"os\.(?:system|popen)", Towards.PROCESS, True, 0),
    (r"asyncio\.create_subprocess_(?:exec|shell)\(\)\.(?:wait|communicate)", Towards.PROCESS, False, 0),
    (r"(?:sqlite3|psycopg|psycopg2|pymysql|MySQLdb|mysql\.connector|pymongo)\.connect", Towards.STORE, True, 0),
    (rf"{_CONNECTION}(?:execute\w*|commit)", Towards.STORE, True, 0),
    (rf"{_CONNECTION}cursor\(\)\.(?:execute\w*|fetch\w+)", Towards.STORE, True, 0),
    (r"pymongo\.MongoClient\..+", Towards.STORE, True, 0),
    (r"smtplib\.SMTP(?:_SSL)?(?:\(\)\.\w+)?", Towards.MAIL, True, 0),
    (r"time\.sleep", Towards.SLEEP, True, 0),
    (r"asyncio\.sleep", Towards.SLEEP, False, 0),
    (r"anyio\.sleep", Towards.SLEEP, False, 0),
)

_MODELS = re.compile(
    r"api\.(?:openai|anthropic|mistral|groq|cohere|deepseek|together|x)\.|generativelanguage\.googleapis|openrouter\.ai"
    r"|/chat/completions|/v1/(?:messages|responses|completions|embeddings)\b|/api/(?:generate|chat)\b"
)
"""Addresses of models."""

_COMPILED = [(re.compile(pattern), towards, blocks, timeout) for pattern, towards, blocks, timeout in _TABLE]


def remote_call(call: nodes.Call, *, project: Project) -> RemoteCall | None:
    """Return what a call asks of the world outside; None if it asks nothing that is known."""
    name = project.dotted_name(call.func)
    remote = remote_named(name) if name else None
    if remote is not None and remote.towards is Towards.HTTP and _asks_model(call, project):
        return replace(remote, towards=Towards.MODEL)
    return remote


def _asks_model(call: nodes.Call, project: Project) -> bool:
    """Tell whether a request goes to a model, by what is written of its address."""
    given = [one.value for one in call.keywords if one.arg == "url"] or call.args[:2]
    written = [each for one in given for each in (one, *project.origins_of(one))]
    return any(
        _MODELS.search(text.value)
        for each in written
        for text in each.nodes_of_class(nodes.Const)
        if isinstance(text.value, str)
    )


@cache
def remote_named(name: str) -> RemoteCall | None:
    """Return what a function of this name, as the imports spell it, asks of the world outside; None if nothing."""
    for pattern, towards, blocks, timeout in _COMPILED:
        if pattern.fullmatch(name):
            return RemoteCall(name=name, towards=towards, blocks=blocks, timeout=timeout)
    return None


def spoken(name: str) -> str:
    """Return a written name as one says it: without the brackets of what was made on the way."""
    return name.replace("()", "")
