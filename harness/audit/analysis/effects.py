"""Calls that change the world, and where their idempotency key would be: requests, SDKs of payment, mail, SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.argument_origins import ArgumentOrigin, origins, outermost, texts_of
from harness.audit.analysis.call_chains import CallFrame, entered
from harness.audit.analysis.remote_calls import spoken
from harness.audit.code.executed_nodes import own_nodes
from harness.records.audit_result import Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_CLIENTS = (
    r"(?:requests\.(?:(?:Session|session\(\))\.)?|httpx2?\.(?:(?:Async)?Client\.)?|aiohttp\.(?:ClientSession\.)?)"
)
_POST = re.compile(_CLIENTS + r"post")
_REQUEST = re.compile(_CLIENTS + r"(?:request|stream)")
_STRIPE = re.compile(r"stripe\.\w+\.(?:create|capture|confirm|cancel|refund|pay)")
_MAIL = re.compile(r"smtplib\.SMTP(?:_SSL)?\(\)\.(?:send_message|sendmail)")
_MESSAGE = re.compile(
    r"twilio\.rest\.Client\.messages\.create|slack_sdk(?:\.\w+)*\.(?:Async)?WebClient\.chat_postMessage"
    r"|boto3\.client\(\)\.(?:publish|send_email|send_message|send_raw_email)"
)
_HARMLESS = re.compile(
    r"completion|embedding|/messages\b|/responses\b|rerank|moderation|transcri|generat|predict|infer|classif|translat|summar"
    r"|retriev|embed|rank|detect|extract|convert|ocr\b|tokeniz|openai|anthropic|ollama|litellm|search|query|graphql|lookup|find\b|token|oauth|login|auth/|rpc|validate|preview",
    re.IGNORECASE,
)
"""Addresses of what is asked by POST and changes nothing: models, searches, log-ins."""

_KEY_HEADER = re.compile(r"(?:x-)?(?:idempotency|idempotence|request)[-_](?:key|id|token)|idempotency", re.IGNORECASE)
_KEY_FIELD = re.compile(
    r"idempoten\w*|(?:client_?)?request_?id|(?:client_?)?reference(?:_?id)?|dedup\w*|external_?id|transaction_?id"
    r"|client_?token|message_?id|nonce|(?:client_)?order_id",
    re.IGNORECASE,
)
_INSERT = re.compile(r"\s*INSERT\s+INTO\s+\S+\s*(?:\((?P<columns>[^)]*)\))?", re.IGNORECASE)
_HEALED = re.compile(r"ON\s+CONFLICT|ON\s+DUPLICATE|NOT\s+EXISTS|\bMERGE\b", re.IGNORECASE)
_KEY_COLUMN = re.compile(r"(?:^|,)\s*[\"`]?(?:id|key|uuid|\w*_key|request_id|message_id|hash|digest)[\"`]?\s*(?:,|$)")
_COUNTS_ON = re.compile(r"\bSET\b.*?\b(\w+)\s*=\s*\1\s*[-+]", re.IGNORECASE | re.DOTALL)

_SEND_KEY = "Send a key made of activity.info().workflow_id and activity_id, or of an argument, as Idempotency-Key."


@dataclass(frozen=True, kw_only=True, eq=False)
class CodeEffect:
    """One call of audited code that changes the world outside, such as a payment, and the key it is sent with.

    Attributes:
        what: The call, in words.
        keys: What it is told apart by; empty for nothing.
        address: Where it goes.
        decided_in: The frame nearest to the activity that had a say in it.
        unknown: Whether a key may be passed in a way that cannot be seen.
        certainty: How sure it is without a key, where that does not depend on what it is about.
        instead: What to do.
    """

    what: str
    decided_in: CallFrame
    keys: tuple[ArgumentOrigin, ...] = ()
    address: ArgumentOrigin | None = None
    unknown: bool = False
    certainty: Certainty | None = None
    instead: str = _SEND_KEY


def effect_of(call: nodes.Call, frame: CallFrame, *, project: Project) -> CodeEffect | None:
    """Return the effect that a call causes; None if it causes none that is known."""
    name = project.dotted_name(call.func)
    if _POST.fullmatch(name) or (_REQUEST.fullmatch(name) and _is_post(call, project)):
        return _posted(call, name, frame, project)
    if name == "urllib.request.urlopen":
        return _opened(call, frame, project)
    if _STRIPE.fullmatch(name):
        return _keyed_by(call, name, frame, project, Certainty.LIKELY)
    if _MESSAGE.fullmatch(name):
        return _keyed_by(call, name, frame, project, Certainty.LIKELY)
    if _MAIL.fullmatch(name):
        instead = "Note in a store, under such a key, that it was sent, or send by a service that takes a key."
        return CodeEffect(what=spoken(name), decided_in=frame, certainty=Certainty.LIKELY, instead=instead)
    if isinstance(call.func, nodes.Attribute) and call.func.attrname in ("execute", "executemany"):
        return _executed(call, frame, project)
    return None


def _argument(call: nodes.Call, *names: str, position: int = -1) -> Any:
    for one in call.keywords:
        if one.arg in names:
            return one.value
    return call.args[position] if 0 <= position < len(call.args) else None


def _is_post(call: nodes.Call, project: Project) -> bool:
    method = project.value_of(_argument(call, "method", position=0))
    return isinstance(method, str) and method.upper() == "POST"


def _posted(call: nodes.Call, name: str, frame: CallFrame, project: Project) -> CodeEffect | None:
    position = 0 if _POST.fullmatch(name) else 1
    return _request(
        spoken(name),
        frame,
        project,
        address=_argument(call, "url", position=position),
        headers=[_argument(call, "headers"), *_client_headers(call, project)],
        bodies=[_argument(call, "json"), _argument(call, "data", position=position + 1), _argument(call, "content")],
        unknown=any(one.arg is None for one in call.keywords),
    )


def _client_headers(call: nodes.Call, project: Project) -> list[Any]:
    """Return the headers that the client was made with: `httpx.AsyncClient(headers=…)`."""
    receiver = call.func.expr if isinstance(call.func, nodes.Attribute) else None
    made = project.origins_of(receiver) if isinstance(receiver, nodes.Name | nodes.Attribute) else []
    return [_argument(one, "headers") for one in made if isinstance(one, nodes.Call)]


def _opened(call: nodes.Call, frame: CallFrame, project: Project) -> CodeEffect | None:
    """Return the effect of `urlopen`, if it sends something: a body, or a Request made with one."""
    first = _argument(call, "url", position=0)
    body = _argument(call, "data", position=1)
    requests = (
        [one for one in origins(first, frame, project=project) if isinstance(one.node, nodes.Call)] if first else []
    )
    made = next((one for one in requests if project.dotted_name(one.node.func) == "urllib.request.Request"), None)
    if made is None:
        return (
            _request("urlopen", frame, project, address=first, headers=[], bodies=[body]) if body is not None else None
        )
    request = made.node
    body = _argument(request, "data", position=1)
    method = project.value_of(_argument(request, "method"))
    if (method or ("POST" if body is not None else "GET")) != "POST":
        return None
    added = [one for one in own_nodes(frame.function, nodes.Call) if _adds_header(one)]
    return _request(
        "urllib.request.urlopen",
        made.frame,
        project,
        address=_argument(request, "url", position=0),
        headers=[_argument(request, "headers", position=2)],
        bodies=[body],
        keys=tuple(ArgumentOrigin(node=one.args[1], frame=frame) for one in added if len(one.args) > 1),
    )


def _adds_header(call: nodes.Call) -> bool:
    if not (isinstance(call.func, nodes.Attribute) and call.func.attrname in ("add_header", "add_unredirected_header")):
        return False
    return (
        bool(call.args) and isinstance(call.args[0], nodes.Const) and bool(_KEY_HEADER.search(str(call.args[0].value)))
    )


def _names_in(address: Any) -> str:
    """Return the names in an address, which tell what it is of: `self.token_url`."""
    named = address.nodes_of_class((nodes.Attribute, nodes.Name))
    return " ".join(getattr(each, "attrname", getattr(each, "name", "")) for each in named)


def _request(
    what: str,
    frame: CallFrame,
    project: Project,
    *,
    address: Any,
    headers: list[Any],
    bodies: list[Any],
    keys: tuple[ArgumentOrigin, ...] = (),
    unknown: bool = False,
) -> CodeEffect | None:
    address_of = ArgumentOrigin(node=address, frame=frame) if address is not None else None
    if address_of and _HARMLESS.search(f"{texts_of(address, frame, project=project)} {_names_in(address)}"):
        return None
    seen: list[ArgumentOrigin] = []
    for expressions, pattern in ((headers, _KEY_HEADER), (bodies, _KEY_FIELD)):
        for one in expressions:
            if one is not None:
                entries = _Entries(pattern, project)
                keys += tuple(entries.of(one, frame))
                seen += entries.seen
                unknown = unknown or (entries.unknown and pattern is _KEY_HEADER)
    return CodeEffect(
        what=what,
        keys=keys,
        address=address_of,
        decided_in=outermost([*seen, *keys], frame),
        unknown=unknown and not keys,
    )


def _keyed_by(call: nodes.Call, name: str, frame: CallFrame, project: Project, certainty: Certainty) -> CodeEffect:
    given = [one.value for one in call.keywords if one.arg and _KEY_FIELD.fullmatch(one.arg)]
    given += [one.value for one in call.keywords if one.arg in ("MessageDeduplicationId", "options")]
    return CodeEffect(
        what=spoken(name),
        keys=tuple(ArgumentOrigin(node=one, frame=frame) for one in given),
        decided_in=frame,
        unknown=any(one.arg is None for one in call.keywords),
        certainty=certainty,
        instead="Pass idempotency_key, made of activity.info().workflow_id and activity_id, or of an argument.",
    )


def _executed(call: nodes.Call, frame: CallFrame, project: Project) -> CodeEffect | None:
    text = texts_of(call.args[0], frame, project=project) if call.args else ""
    if (inserted := _INSERT.match(text)) and not _HEALED.search(text):
        if _KEY_COLUMN.search((inserted["columns"] or "").strip()):
            return None
        instead = "Give the row a key made of what stays the same, and write ON CONFLICT DO NOTHING."
        return CodeEffect(what="INSERT", decided_in=frame, certainty=Certainty.LOOK, instead=instead)
    if text.lstrip()[:6].upper() == "UPDATE" and _COUNTS_ON.search(text):
        instead = "Book the change as a row of its own under a key, in the same transaction, or write the new value."
        return CodeEffect(
            what="UPDATE of a value by itself", decided_in=frame, certainty=Certainty.LIKELY, instead=instead
        )
    return None


class _Entries:
    """The entries of a dictionary whose key matches, wherever the dictionary was put together.

    Attributes:
        seen: The expressions that were looked at.
        unknown: Whether there may be more entries than can be seen.
    """

    def __init__(self, pattern: re.Pattern[str], project: Project) -> None:
        self._pattern = pattern
        self._project = project
        self.seen: list[ArgumentOrigin] = []
        self.unknown = False

    def of(self, node: Any, frame: CallFrame, *, steps: int = 8) -> Iterator[ArgumentOrigin]:
        """Yield the values of the matching entries."""
        if isinstance(node, nodes.Name):
            yield from self._added_later(node, frame)
            if steps and frame.caller is not None and node.name in frame.given:
                self.seen.append(ArgumentOrigin(node=node, frame=frame.caller))
                yield from self.of(frame.given[node.name], frame.caller, steps=steps - 1)
                return
        for one in origins(node, frame, project=self._project):
            self.seen.append(one)
            if isinstance(one.node, nodes.Dict):
                yield from self._items(one, steps)
            elif isinstance(one.node, nodes.Call) and steps:
                yield from self._made_by(one, steps)
            elif isinstance(one.node, nodes.BinOp) and steps:
                for part in (one.node.left, one.node.right):
                    yield from self.of(part, one.frame, steps=steps - 1)
            elif not isinstance(one.node, nodes.Const):
                self.unknown = True

    def _items(self, origin: ArgumentOrigin, steps: int) -> Iterator[ArgumentOrigin]:
        for key, value in origin.node.items:
            if isinstance(key, nodes.DictUnpack):
                yield from self.of(value, origin.frame, steps=steps - 1) if steps else ()
            elif self._pattern.search(texts_of(key, origin.frame, project=self._project)):
                for one in origins(value, origin.frame, project=self._project):
                    self.seen.append(one)
                    yield one

    def _made_by(self, origin: ArgumentOrigin, steps: int) -> Iterator[ArgumentOrigin]:
        call = origin.node
        for one in call.keywords:
            if one.arg and self._pattern.search(one.arg):
                yield ArgumentOrigin(node=one.value, frame=origin.frame)
        name = self._project.dotted_name(call.func)
        functions = self._project.functions_called_by(call.func)
        if name in ("json.dumps", "builtins.dict") or name.endswith((".encode", ".dumps")):
            inner = call.func.expr if name.endswith(".encode") and isinstance(call.func, nodes.Attribute) else None
            for part in [*call.args, *([inner] if inner is not None else [])]:
                yield from self.of(part, origin.frame, steps=steps - 1)
        elif not functions:
            self.unknown = True
        for function in functions:
            for gives in own_nodes(function, nodes.Return):
                if gives.value is not None:
                    made = entered(origin.frame, call, function)
                    yield from self.of(gives.value, made, steps=steps - 1)

    def _added_later(self, node: nodes.Name, frame: CallFrame) -> Iterator[ArgumentOrigin]:
        """Yield what `headers["Idempotency-Key"] = key` and `headers.update(…)` add in the same function."""
        for one in own_nodes(frame.function, nodes.Assign | nodes.Call):
            if isinstance(one, nodes.Assign):
                targets = [each for each in one.targets if isinstance(each, nodes.Subscript)]
                places = [each.slice for each in targets if _is_name(each.value, node.name)]
                if any(self._pattern.search(texts_of(each, frame, project=self._project)) for each in places):
                    yield ArgumentOrigin(node=one.value, frame=frame)
            elif _is_update(one, node.name):
                yield from (each for part in one.args for each in self.of(part, frame, steps=2))


def _is_update(call: nodes.Call, name: str) -> bool:
    return isinstance(call.func, nodes.Attribute) and call.func.attrname == "update" and _is_name(call.func.expr, name)


def _is_name(node: Any, name: str) -> bool:
    return isinstance(node, nodes.Name) and node.name == name
