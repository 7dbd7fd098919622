"""An ad hoc scenario: a worker described by plain values alone, so that it is tortured without a line of code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from harness.errors import UsageError
from harness.processes.ports import loopback_addresses
from harness.records.activity_timeouts import START_TO_CLOSE, ActivityTimeouts
from harness.records.expectation import Expectation, expects
from harness.records.scenario import Reached, Scenario, Send, Start, Starter

_OF_ACTIVITIES = ("--start-to-close", "--schedule-to-close", "--heartbeat-timeout", "--attempts")

NAMELESS = "ad-hoc"
"""Name of an ad hoc scenario whose workflow type is not given."""


_ONE = (
    *("worker", "task_queue", "workflow", "id", "starter", "one_program", "over", "fails", "falls_back", "model"),
    *("address", "http_proxy", "data_converter"),
)
_SEVERAL = (
    *("input", "signal", "query", "update", "cancel", "effects", "env", "state"),
    *("search_attribute", "nexus_endpoint"),
)
UNDESCRIBED: Mapping[str, Any] = MappingProxyType(dict.fromkeys(_ONE) | dict.fromkeys(_SEVERAL, ()))
"""The options of a worker that is not described at all."""


def ad_hoc_scenario(given: Mapping[str, Any]) -> Scenario:
    """Make a scenario of what options say, by their names without dashes; ``run.json`` keeps them like that.

    Raises:
        UsageError: Something is missing, or does not go together, or is not JSON.
    """
    return Scenario(
        name=given["workflow"] or given.get("activity") or NAMELESS,
        title="A worker given by options.",
        worker=given["worker"],
        task_queue=given["task_queue"] or "",
        work=_work(given),
        sends=tuple(_sends(given)),
        over=_over(given["over"]),
        fails=given["fails"],
        falls_back=bool(given["falls_back"]),
        expects=_expected(given),
        model=given["model"] or "",
        effects=_effects(given["effects"] or ()),
        env=dict(_pair(text, option="--env") for text in given["env"]),
        address=_address(given["address"]),
        tls=bool(given.get("tls")),
        time_limit=given.get("trial_limit") or Scenario.time_limit,
        state=tuple(given["state"] or ()),
        http_proxy=bool(given["http_proxy"]),
        search_attributes=dict(
            _pair(text, option="--search-attribute", form="NAME=TYPE") for text in given["search_attribute"] or ()
        ),
        nexus_endpoints=dict(
            _pair(text, option="--nexus-endpoint", form="NAME=QUEUE") for text in given["nexus_endpoint"] or ()
        ),
        data_converter=given["data_converter"] or "",
        replayer=given.get("replayer") or "",
        made_up=given.get("made_up") or "",
    )


def _work(given: Mapping[str, Any]) -> Start | Starter:
    activity = _activity(given)
    if given["starter"] or given["one_program"]:
        if activity:
            raise UsageError("--activity is started by crashproof: give no --starter and no --one-program beside it")
        if given["input"] or given["id"] or given.get("executions") or given.get("in_sequence"):
            raise UsageError("--input, --executions and --id go with --workflow alone: here the starter starts it")
        return Starter(command=given["starter"] or "", workflow=given["workflow"] or "")
    if not (given["workflow"] or activity):
        raise UsageError(
            "--worker needs --workflow TYPE or --activity TYPE to start, or --starter COMMAND, or --one-program"
        )
    inputs = tuple(_arguments(text, option="--input") for text in given["input"]) or ((),)
    if len(inputs) > 1 and given.get("expect_result") is not None:
        raise UsageError("--expect-result says one result: give one --input with it")
    return Start(
        workflow=given["workflow"] or given["activity"],
        activity=activity,
        inputs=inputs,
        times=given.get("executions") or 1,
        in_sequence=bool(given.get("in_sequence")),
        id=given["id"] or "",
    )


def _activity(given: Mapping[str, Any]) -> ActivityTimeouts | None:
    """Return what the options declare of an activity without a workflow; None where none is started."""
    named = {name: given.get(name.removeprefix("--").replace("-", "_")) for name in _OF_ACTIVITIES}
    if not given.get("activity"):
        if alone := [name for name, value in named.items() if value]:
            raise UsageError(
                f"{alone[0]} goes with --activity TYPE: a workflow says itself what its activities may take"
            )
        return None
    if given["workflow"]:
        raise UsageError("give --workflow or --activity, not both: an activity is started without a workflow")
    for_all = named["--schedule-to-close"] or 0.0
    return ActivityTimeouts(
        start_to_close=named["--start-to-close"] or (0.0 if for_all else START_TO_CLOSE),
        schedule_to_close=for_all,
        heartbeat=named["--heartbeat-timeout"] or 0.0,
        maximum_attempts=named["--attempts"] or 0,
    )


def _expected(given: Mapping[str, Any]) -> Expectation:
    """Return what the options expect; a run of before they were there has none."""
    result = given.get("expect_result")
    return expects(
        effect=given.get("expect_effect") or (),
        may_fail=bool(given.get("may_fail")),
        undone=given.get("undone") or (),
        **({} if result is None else {"result": _json(result, option="--expect-result")}),
    )


def _sends(given: Mapping[str, Any]) -> Sequence[Send]:
    """Return what is sent, kind by kind, in the order in which the options are."""
    sends: list[Send] = []
    for kind in given:
        if kind == "cancel":
            sends += [Send(kind="cancel", at=at) for at in given["cancel"] or ()]
        if kind not in ("signal", "query", "update"):
            continue
        for text in given[kind]:
            name, equals, value, at = _sent(text)
            if kind == "query" and not at:
                raise UsageError(f"--query {text!r} says no point to be sent at: write NAME@POINT")
            args = _arguments(value, option=f"--{kind}") if equals else ()
            sends.append(Send(kind=kind, name=name, args=args, at=at or "start"))  # type: ignore[arg-type]  # one of these
    return sends


def _arguments(text: str, *, option: str) -> tuple[Any, ...]:
    """Return the arguments that a text holds: one JSON value, or several with commas between."""
    several = f"[{text}]"
    return tuple(json.loads(several)) if _is_json(several) else (_json(text, option=option),)


def _sent(text: str) -> tuple[str, str, str, str]:
    """Split NAME[=JSON[,JSON]...][@POINT]; an ``@`` inside the JSON is no point's."""
    if "=" not in text:
        name, _, at = text.partition("@")
        return name, "", "", at
    name, equals, value = text.partition("=")
    if _is_json(f"[{value}]"):
        return name, equals, value, ""
    before, separator, at = value.rpartition("@")
    return (name, equals, before, at) if separator and _is_json(f"[{before}]") else (name, equals, value, "")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _effects(given: str | Sequence[str]) -> dict[str, str]:
    """Return the scripts of effect services by their names; a run of before there were several has one text."""
    files: dict[str, str] = {}
    for text in (given,) if isinstance(given, str) else given:
        service, equals, file = text.partition("=")
        name, path = (service.strip("/"), file) if equals else ("", text)
        if not path or name in files:
            raise UsageError(f"--effects {text!r}: give one FILE for all, and one NAME=FILE for each service")
        files[name] = path
    return files


def _over(text: str | None) -> Reached | None:
    if not text:
        return None
    point, _, times = text.rpartition("*")
    if point and times.isdigit():
        return Reached(point=point, times=int(times))
    return Reached(point=text)


def _json(text: str, *, option: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{option} {text!r} is not JSON ({error}); a text needs its own quotes: {option} '\"text\"'"
        ) from error


def _pair(text: str, *, option: str, form: str = "NAME=VALUE") -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"{option} {text!r} is not {form}")
    return name, value


def _address(text: str | None) -> str:
    if text:
        loopback_addresses(text)
    return text or ""
