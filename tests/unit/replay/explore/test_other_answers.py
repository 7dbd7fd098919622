"""What the model might answer otherwise, as its script offers it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from harness.doors.http.answer import Answer
from harness.doors.http.doors import HttpMessage
from harness.errors import UsageError
from harness.replay.explore.other_answers import OtherAnswers

REQUEST = {"model": "small", "messages": [{"role": "user", "content": "What next?"}]}


def script(folder: Path, text: str) -> Path:
    file = folder / "says.py"
    file.write_text(dedent(text))
    return file


def asked(*, door: str = "model") -> HttpMessage:
    return HttpMessage(
        slot="s",
        worker=1,
        door=door,  # type: ignore[arg-type]
        operation="chat.completions",
        number=1,
        position="before",
        method="POST",
        path="/v1/chat/completions",
        body=REQUEST,
    )


async def test_another_answer_is_given_once_in_an_attempt(tmp_path: Path) -> None:
    answers = OtherAnswers(
        script(
            tmp_path,
            """
            def answer(request): return "stop"
            def others(request): return {"a refusal": "I cannot help with that.", "nothing": ""}
            """,
        )
    )
    answers.begin_attempt()
    assert await answers.decide(asked()) == "go"
    assert answers.names == ["a refusal", "nothing"]
    with answers.giving("a refusal"):
        answers.begin_attempt()
        assert await answers.decide(asked(door="effect")) == "go"
        given = await answers.decide(asked())
        assert isinstance(given, Answer)
        assert b"I cannot help with that." in given.body
        assert await answers.decide(asked()) == "go"
    answers.begin_attempt()
    assert await answers.decide(asked()) == "go"


async def test_a_list_has_numbers_for_names_and_what_raises_is_an_error(tmp_path: Path) -> None:
    answer = "def answer(request): return 'stop'\n"
    answers = OtherAnswers(script(tmp_path, f"{answer}def others(request): return ['go on', '']"))
    await answers.decide(asked())
    assert answers.names == ["other answer 1", "other answer 2"]
    answers = OtherAnswers(script(tmp_path, f"{answer}def others(request): return 1 / 0"))
    await answers.decide(asked())
    assert answers.names == ["an error, since others() raised ZeroDivisionError: division by zero"]


def test_a_script_need_not_offer_any(tmp_path: Path) -> None:
    assert not OtherAnswers(None).are_offered
    assert not OtherAnswers(script(tmp_path, "def answer(request): return 'stop'")).are_offered
    with pytest.raises(UsageError, match="others must be a plain function"):
        OtherAnswers(script(tmp_path, "others = 3"))
