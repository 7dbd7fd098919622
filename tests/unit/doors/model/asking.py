"""Asking the model server in both of OpenAI's dialects, and reading its answers with the official types."""

import json
from pathlib import Path

from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from harness.doors.http import script as scripts
from harness.doors.http.answer import Answer
from harness.doors.model import model

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is attention?"}]}
RESPONSES = {"model": "gpt-4o", "input": "What is attention?"}


def script(folder: Path, body: str) -> scripts.Script:
    file = folder / "script.py"
    file.write_text(body)
    return scripts.load(file)


def ask(request: object, *, path: str = "", using: scripts.Script | None = None, method: str = "POST") -> Answer:
    chat = isinstance(request, dict) and "messages" in request
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return model.answer(
        method=method, path=path or ("/v1/chat/completions" if chat else "/v1/responses"), body=body, script=using
    )


def chat(answer: Answer) -> ChatCompletion:
    assert answer.status == 200, answer.text
    return ChatCompletion.model_validate_json(answer.text, strict=True)


def response(answer: Answer) -> Response:
    assert answer.status == 200, answer.text
    return Response.model_validate_json(answer.text, strict=True)
