"""The model and the effects of one test: scripts, faults in their order, and what counts as having happened."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.doors.decision import Decision
from harness.doors.http.answer import RESET, Answer
from harness.doors.http.doors import HttpMessage
from harness.errors import UsageError
from harness.testing.doors import Effects, Model
from tests.waiting import LIMIT


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model(url="http://model/v1", anthropic_url="http://model", folder=tmp_path)


@pytest.fixture
def effects(tmp_path: Path) -> Effects:
    return Effects(url="http://effects", folder=tmp_path)


def message(door: Literal["model", "effect"], path: str, body: Any, *, method: str = "POST") -> HttpMessage:
    return HttpMessage(
        slot="s", worker=1, door=door, operation="o", number=1, position="before", method=method, path=path, body=body
    )


async def asked(model: Model, text: str = "hello") -> Decision:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return await model.decide(message("model", "/v1/chat/completions", body))


def said(decision: Decision) -> str:
    assert isinstance(decision, Answer)
    return str(json.loads(decision.body)["choices"][0]["message"]["content"])


def status(decision: Decision) -> int:
    assert isinstance(decision, Answer)
    return decision.status


async def test_the_same_question_is_answered_the_same(model: Model) -> None:
    assert said(await asked(model)) == said(await asked(model)) != said(await asked(model, "again"))


async def test_a_function_answers(model: Model) -> None:
    model.answers_with(lambda request: request["messages"][0]["content"].upper())
    assert said(await asked(model)) == "HELLO"


async def test_a_fault_that_changes_an_answer_leaves_an_error_of_the_script_as_it_is(model: Model) -> None:
    model.answers_with(lambda request: {"error": {"message": "no"}, "status": 503})
    model.fails_with("model-null-text")
    assert status(await asked(model)) == 503


async def test_a_file_beside_the_test_answers(model: Model, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("def answer(request): return 'from a file'")
    model.answers_with("script.py")
    assert said(await asked(model)) == "from a file"
    with pytest.raises(UsageError, match=r"nowhere\.py does not exist"):
        model.answers_with("nowhere.py")


async def test_an_asynchronous_function_is_refused(model: Model) -> None:
    async def answer(request: dict[str, Any]) -> str:
        return "never"

    with pytest.raises(UsageError, match="plain function"):
        model.answers_with(answer)


async def test_a_function_that_raises_is_told_in_the_providers_format(
    model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    model.answers_with(lambda request: request["no such field"])
    assert status(await asked(model)) == 500
    assert "KeyError: 'no such field'" in capsys.readouterr().err


async def test_faults_are_met_in_order_and_then_it_answers(model: Model) -> None:
    for fault in ("model-429-seconds", "model-reset", "model-truncated"):
        model.fails_with(fault)
    first, second, third, fourth = [await asked(model) for _ in range(4)]
    assert (status(first), second) == (429, RESET)
    assert isinstance(third, Answer)
    with pytest.raises(json.JSONDecodeError):
        json.loads(third.body)
    assert said(fourth)
    assert len(model.requests) == 4


async def test_a_fault_that_never_ends_stays(model: Model) -> None:
    model.fails_with("model-outage")
    assert {status(await asked(model)) for _ in range(5)} == {500}


@pytest.mark.parametrize("fault", ["kill-worker", "effect-reply-lost", "unavailable-once"])
async def test_what_is_no_fault_of_a_model_is_refused(model: Model, fault: str) -> None:
    with pytest.raises(UsageError, match=f"'{fault}' is no fault that the model can make by its answer"):
        model.fails_with(fault)
    with pytest.raises(UsageError, match="did you mean 'model-429-seconds'"):
        model.fails_with("model-429-second")


async def test_an_effect_whose_reply_is_lost_has_happened(effects: Effects) -> None:
    effects.fails_with("effect-reply-lost")
    charge = message("effect", "/charge", {"idempotency_key": "k"})
    assert await effects.decide(charge) == "drop"
    assert status(await effects.decide(charge)) == 200
    assert [(effect.name, effect.key) for effect in effects.ledger] == [("charge", "k"), ("charge", "k")]


async def test_reads_and_refused_effects_have_not_happened(effects: Effects) -> None:
    effects.answers_with(lambda effect: {"status": 402 if effect["name"] == "charge" else 200})
    assert status(await effects.decide(message("effect", "/charge", {}))) == 402
    assert status(await effects.decide(message("effect", "/balance", "", method="GET"))) == 200
    assert effects.ledger == ()


async def test_a_function_that_never_returns_holds_nothing_else(model: Model) -> None:
    held, go = threading.Event(), threading.Event()

    def answer(request: dict[str, Any]) -> str:
        if request["messages"][0]["content"] == "wait":
            held.set()
            go.wait()
        return "done"

    model.answers_with(answer)
    waiting = asyncio.create_task(asked(model, "wait"))
    assert await asyncio.to_thread(held.wait, LIMIT)
    assert said(await asked(model)) == "done"
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
