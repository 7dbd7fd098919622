"""The activity of the research agent: ask the model once, save the note once."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from temporalio import activity
from temporalio.exceptions import ApplicationError

from scenarios.research.errors import classified

MODEL = "gpt-4o-mini"
MODEL_TIMEOUT_S = 30.0
NOTE_TIMEOUT_S = 20.0
BEAT_EVERY_S = 3.0
DONE = "[DONE]"

T = TypeVar("T")


@dataclass(frozen=True)
class ResearchStep:
    """One step to take.

    Attributes:
        query: The question that is researched.
        number: Number of the step, from 1.
        notes: The notes of the steps before.
    """

    query: str
    number: int
    notes: list[str]


@dataclass(frozen=True)
class StepResult:
    """What a step found.

    Attributes:
        note: The note, as saved.
        done: Whether the model said that nothing is left to research.
    """

    note: str
    done: bool


@activity.defn
async def run_research_step(step: ResearchStep) -> StepResult:
    """Ask the usual model for the next note and save it."""
    return await _step(step, MODEL)


@activity.defn
async def run_fallback_step(step: ResearchStep, model: str) -> StepResult:
    """Ask another model for the next note and save it."""
    return await _step(step, model)


async def _step(step: ResearchStep, model: str) -> StepResult:
    """Ask a model for the next note and save it.

    Every beat carries the model's answer as soon as there is one, so an attempt that follows does not ask (and pay)
    again. The note's key is made of workflow and step: however often an attempt dies between saving the note and
    reporting it, the note is saved under the same key.
    """
    activity.logger.info("step %d asks %s", step.number, model)
    beats = activity.info().heartbeat_details
    answer: str = beats[0] if beats else ""
    activity.heartbeat(answer)
    if not answer:
        answer = await _beating(_ask(step, model), answer)
        activity.heartbeat(answer)
    done = DONE in answer
    note = answer.replace(DONE, "").strip()
    await _beating(asyncio.to_thread(_save, step, note, f"{activity.info().workflow_id}/step-{step.number}"), answer)
    return StepResult(note=note, done=done)


async def _beating(work: Coroutine[Any, Any, T], answer: str) -> T:
    """Await the work and beat meanwhile, so that a dead worker is told from a slow model."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=BEAT_EVERY_S))[0]:
            activity.heartbeat(answer)
        return task.result()
    finally:
        task.cancel()


async def _ask(step: ResearchStep, model: str) -> str:
    try:
        completion = await model_client().chat.completions.create(model=model, messages=_conversation(step))
    except openai.APIError as error:
        raise classified(error) from error
    return complete_text(completion)


@cache
def model_client() -> openai.AsyncOpenAI:
    """Return the client of this process; Temporal does the retries, so the client must not."""
    return openai.AsyncOpenAI(max_retries=0, timeout=MODEL_TIMEOUT_S)


def _conversation(step: ResearchStep) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": f"Research step by step, one note per step. End the last one with {DONE}."},
        {"role": "user", "content": step.query},
    ]
    for note in step.notes:
        messages += [{"role": "assistant", "content": note}, {"role": "user", "content": "Go on."}]
    return messages


def complete_text(completion: object) -> str:
    """Return the text of a complete answer.

    Raises:
        ApplicationError: The answer is empty, cut off, or no completion at all; asking again may help.
    """
    choices = completion.choices if isinstance(completion, ChatCompletion) else None
    choice = choices[0] if choices else None
    text = choice.message.content if choice and choice.message else None
    if not choice or choice.finish_reason != "stop" or not isinstance(text, str) or not text.strip():
        reason = choice.finish_reason if choice else "no choice"
        raise ApplicationError(f"the model gave no complete answer: {reason}", type="IncompleteAnswer")
    return text


def _save(step: ResearchStep, note: str, key: str) -> None:
    request = urllib.request.Request(
        f"{os.environ['EFFECTS_URL']}/note",
        data=json.dumps({"query": step.query, "step": step.number, "text": note}).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )
    with urllib.request.urlopen(request, timeout=NOTE_TIMEOUT_S) as reply:
        reply.read()
