"""The models of the support agents: OpenAI's, whose errors are classified and whose answers are looked at.

The plugin reads Retry-After as a number and nothing else, tries an exhausted quota again, and takes an empty answer for
one. So the activity raises what Temporal is to do next before the plugin sees it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import openai
from agents import Model, ModelBehaviorError, ModelProvider, ModelResponse, OpenAIProvider
from agents.items import TResponseOutputItem, TResponseStreamEvent
from openai.types.responses import ResponseCompletedEvent, ResponseOutputMessage, ResponseOutputRefusal
from temporalio.exceptions import ApplicationError

from scenarios.research.errors import classified

READ_TIMEOUT_S = 20.0
CALL_LIMIT_S = 30.0


class CheckedModels(ModelProvider):
    """OpenAI's models; Temporal does the retries, so the client must not."""

    @cached_property
    def _provider(self) -> ModelProvider:
        """Made when first used: a replay asks no model, and has no key for one."""
        return OpenAIProvider(openai_client=openai.AsyncOpenAI(max_retries=0, timeout=READ_TIMEOUT_S))

    def get_model(self, model_name: str | None) -> Model:
        """Return a model by name."""
        return CheckedModel(self._provider.get_model(model_name))


class CheckedModel(Model):
    """A model that gives whole answers, or raises what is to be done about it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """Ask once.

        Raises:
            ApplicationError: There is no whole answer; whether and when asking again may help is said in it.
        """
        with _failures():
            async with asyncio.timeout(CALL_LIMIT_S):
                response = await self._model.get_response(*args, **kwargs)
            _hold_whole(response.output)
            return response

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[TResponseStreamEvent]:
        """Ask once, and pass on what comes; the last event is the whole answer.

        Raises:
            ApplicationError: As in ``get_response``.
        """
        whole = None
        until = asyncio.get_running_loop().time() + CALL_LIMIT_S
        events = aiter(self._model.stream_response(*args, **kwargs))
        with _failures():
            while event := await _next(events, until):
                whole = event.response if isinstance(event, ResponseCompletedEvent) else whole
                yield event
            _hold_whole(whole.output if whole else ())


async def _next(events: AsyncIterator[TResponseStreamEvent], until: float) -> TResponseStreamEvent | None:
    async with asyncio.timeout_at(until):
        return await anext(events, None)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what the client and the SDK raise into failures that tell Temporal what to do."""
    try:
        yield
    except openai.APIError as error:
        raise classified(error) from error
    except TimeoutError as error:
        raise ApplicationError(f"no answer within {CALL_LIMIT_S:g} s", type="ModelUnreachable") from error
    except (AttributeError, LookupError, ModelBehaviorError, TypeError, ValueError) as error:
        raise ApplicationError(f"the model gave no answer: {error!r}", type="IncompleteAnswer") from error


def _hold_whole(output: Sequence[TResponseOutputItem]) -> None:
    """Look whether an answer is whole.

    Raises:
        ApplicationError: It was cut off or is empty, and asking again may help; or the model refuses, for good.
    """
    messages = [item for item in output if isinstance(item, ResponseOutputMessage)]
    parts = [part for message in messages for part in message.content]
    if any(isinstance(part, ResponseOutputRefusal) for part in parts):
        raise ApplicationError("the model refuses to answer", type="ModelRefused", non_retryable=True)
    said = any(not isinstance(part, ResponseOutputRefusal) and part.text.strip() for part in parts)
    if not (said or len(output) > len(messages)) or any(message.status != "completed" for message in messages):
        raise ApplicationError("the model gave no whole answer", type="IncompleteAnswer")
