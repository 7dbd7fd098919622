"""The models of the support agents tell Temporal what to do about every answer that is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from agents import Model, ModelResponse, Usage
from openai._models import construct_type
from openai.types.responses import ResponseOutputItem, ResponseStreamEvent
from temporalio.exceptions import ApplicationError

from scenarios.openai_agent.models import CheckedModel

TEXT = {"type": "output_text", "text": "Reset it.", "annotations": []}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [TEXT]}
CALL = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}", "status": "completed"}
REFUSAL = {"type": "refusal", "refusal": "I cannot."}
REQUEST = openai.DefaultHttpxClient().build_request("POST", "http://127.0.0.1/v1/responses")


class Asked(Model):
    """A model that gives one answer, or raises."""

    def __init__(self, *output: dict[str, Any], error: Exception | None = None, closed: bool = True) -> None:
        self.output, self.error, self.closed = output, error, closed

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        if self.error:
            raise self.error
        output: Any = [construct_type(type_=ResponseOutputItem, value=item) for item in self.output]
        return ModelResponse(output=output, usage=Usage(), response_id=None)

    async def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        yield event(type="response.created", response={"output": []})
        if self.error:
            raise self.error
        if self.closed:
            yield event(type="response.completed", response={"output": list(self.output)})


def event(**data: Any) -> Any:
    return construct_type(type_=ResponseStreamEvent, value=data)


async def asked(model: Model) -> None:
    await CheckedModel(model).get_response()


async def streamed(model: Model) -> None:
    assert [each.type async for each in CheckedModel(model).stream_response()][-1] == "response.completed"


@pytest.mark.parametrize("ask", [asked, streamed])
@pytest.mark.parametrize("output", [[MESSAGE], [CALL], [{**MESSAGE, "content": []}, CALL]])
async def test_a_whole_answer_is_passed_on(ask: Any, output: list[dict[str, Any]]) -> None:
    await ask(Asked(*output))


@pytest.mark.parametrize("ask", [asked, streamed])
@pytest.mark.parametrize(
    ("model", "kind", "final"),
    [
        (Asked({**MESSAGE, "status": "incomplete"}), "IncompleteAnswer", False),
        (Asked({**MESSAGE, "content": [{**TEXT, "text": " "}]}), "IncompleteAnswer", False),
        (Asked({**MESSAGE, "content": [{**TEXT, "text": None}]}), "IncompleteAnswer", False),
        (Asked(), "IncompleteAnswer", False),
        (Asked({**MESSAGE, "content": [REFUSAL]}), "ModelRefused", True),
        (Asked(error=AttributeError("'str' object has no attribute 'output'")), "IncompleteAnswer", False),
        (Asked(error=openai.APIConnectionError(request=REQUEST)), "ModelUnreachable", False),
        (Asked(error=TimeoutError()), "ModelUnreachable", False),
    ],
)
async def test_what_is_no_answer_is_classified(ask: Any, model: Model, kind: str, final: bool) -> None:
    with pytest.raises(ApplicationError) as raised:
        await ask(model)
    assert (raised.value.type, raised.value.non_retryable) == (kind, final)


async def test_a_stream_that_never_says_that_it_is_whole_is_no_answer() -> None:
    with pytest.raises(ApplicationError, match="no whole answer"):
        await streamed(Asked(MESSAGE, closed=False))
