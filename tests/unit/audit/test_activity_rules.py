"""What the rules on activities tell, and how sure they are, on code written for each case."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from harness.audit.rules import named
from harness.records.audit_result import AuditFinding, Certainty
from tests.unit.audit import source_files as code

TOP = """
import asyncio, time, uuid
import httpx, openai, requests, stripe
from datetime import timedelta
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
"""

STARTS = """
@workflow.defn
class Agent:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(work, "x", {options})
"""


def found(folder: Path, rule: str, text: str, *, options: str = "") -> list[AuditFinding]:
    """Return what a rule finds in a module with this text, and a workflow that starts `work` with these options."""
    parts = [dedent(TOP), dedent(text), dedent(STARTS).format(options=options) if options else ""]
    return list(named(rule).judge(code.project(folder, {"agent.py": "\n".join(parts)})))


def activity(body: str, *, kind: str = "async def") -> str:
    return f"@activity.defn\n{kind} work(text: str) -> str:\n{indent(dedent(body).strip(), '    ')}\n"


OPENAI = "await openai.AsyncOpenAI({made}).chat.completions.create(model='m', messages=[])\nreturn ''"


@pytest.mark.parametrize(
    ("attempts", "told"),
    [
        ("RetryPolicy(maximum_attempts=4)", "up to 4 attempts, 12 requests in all"),
        ("RetryPolicy()", "with unlimited attempts the requests multiply without end"),
        ("policy()", "requests multiply, (client retries + 1) for each attempt"),
    ],
)
def test_client_retries_are_multiplied_with_the_attempts(tmp_path: Path, attempts: str, told: str) -> None:
    text = activity(OPENAI.format(made=""))
    (finding,) = found(tmp_path, "CP305", text, options=f"retry_policy={attempts}")
    assert "openai.AsyncOpenAI as it comes sends up to 3 requests for one call" in finding.message
    assert told in finding.message


@pytest.mark.parametrize(
    ("made", "options"),
    [
        ("max_retries=0", ""),
        ("**settings", ""),
        ("max_retries=settings.retries", ""),
        ("", "retry_policy=RetryPolicy(maximum_attempts=1)"),
    ],
)
def test_a_client_that_does_not_retry_or_alone_retries_is_left_alone(tmp_path: Path, made: str, options: str) -> None:
    assert found(tmp_path, "CP305", activity(OPENAI.format(made=made)), options=options) == []


@pytest.mark.parametrize(
    ("body", "certainty"),
    [
        ("requests.post('https://pay.example/charges', json={'cents': 1})", "likely"),
        ("requests.post('https://notes.example/notes', json={'text': text})", "look at it"),
        ("requests.post(url=BASE + '/orders', data=text)", "likely"),
        ("requests.request('POST', 'https://pay.example/charges')", "likely"),
        ("stripe.Refund.create(charge=text)", "likely"),
        ("requests.post('https://pay.example/charges', headers={'Idempotency-Key': str(uuid.uuid4())})", "certain"),
        ("requests.post('https://a.example', headers={'Idempotency-Key': f'{activity.info().attempt}'})", "certain"),
        ("requests.post('https://a.example', headers={'Idempotency-Key': 'always'})", "likely"),
    ],
)
def test_effects_without_a_lasting_key_are_found(tmp_path: Path, body: str, certainty: str) -> None:
    text = "BASE = 'https://shop.example'\n" + activity(f"{body}\nreturn ''", kind="def")
    (finding,) = found(tmp_path, "CP306", text)
    assert finding.certainty == certainty


@pytest.mark.parametrize(
    "body",
    [
        "requests.get('https://pay.example/charges')",
        "requests.put('https://pay.example/charges/1', json={})",
        "requests.post('https://pay.example/charges', **options(text))",
        "requests.post('https://pay.example/charges', headers=headers_of(text))",
        "requests.post('https://pay.example/charges', headers=unknown())",
        "requests.post('https://pay.example/search', json={'query': text})",
        "requests.post('https://api.openai.com/v1/chat/completions', json={})",
        "requests.post('https://pay.example/charges', headers={'Idempotency-Key': activity.info().activity_id})",
        "requests.post('https://pay.example/charges', json={'request_id': text})",
        "stripe.Charge.create(amount=1, idempotency_key=text)",
        "stripe.Charge.retrieve(text)",
    ],
)
def test_effects_that_may_come_again_are_left_alone(tmp_path: Path, body: str) -> None:
    below = "def headers_of(text):\n    return {'Idempotency-Key': f'order-{text}'}\n"
    assert found(tmp_path, "CP306", below + activity(f"{body}\nreturn ''", kind="def")) == []


def test_a_grave_effect_that_is_tried_once_is_to_be_looked_at(tmp_path: Path) -> None:
    text = activity("requests.post('https://pay.example/charges')\nreturn ''", kind="def")
    (finding,) = found(tmp_path, "CP306", text, options="retry_policy=RetryPolicy(maximum_attempts=1)")
    assert finding.certainty is Certainty.LOOK


def test_a_small_effect_that_is_tried_once_needs_no_key(tmp_path: Path) -> None:
    text = activity("requests.post('https://example.org/seen')\nreturn ''", kind="def")
    assert found(tmp_path, "CP306", text, options="retry_policy=RetryPolicy(maximum_attempts=1)") == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("heartbeat_timeout=timedelta(minutes=2), start_to_close_timeout=timedelta(minutes=1)", "is not shorter than"),
        (
            "start_to_close_timeout=timedelta(hours=2), schedule_to_close_timeout=timedelta(hours=1)",
            "(1 h): the server",
        ),
        ("start_to_close_timeout=timedelta(seconds=-1)", "start_to_close_timeout is negative (-1 s)"),
        ("schedule_to_close_timeout=timedelta()", "schedule_to_close_timeout is zero"),
    ],
)
def test_contradictory_timeouts_are_told_with_their_values(tmp_path: Path, options: str, told: str) -> None:
    (finding,) = found(tmp_path, "CP402", activity("return text"), options=options)
    assert told in finding.message


@pytest.mark.parametrize(
    ("whole", "policy", "most"),
    [
        (30, "maximum_attempts=6", 5),
        (9, "maximum_attempts=10, initial_interval=timedelta(seconds=3), backoff_coefficient=1.0", 3),
        (3600, "maximum_attempts=100, maximum_interval=timedelta(seconds=60)", 65),
    ],
)
def test_attempts_that_find_no_time_are_counted(tmp_path: Path, whole: int, policy: str, most: int) -> None:
    options = f"schedule_to_close_timeout=timedelta(seconds={whole}), start_to_close_timeout=timedelta(seconds=1)"
    options += f", retry_policy=RetryPolicy({policy})"
    (finding,) = found(tmp_path, "CP406", activity("return text"), options=options)
    assert f"at most {most} are ever made" in finding.message


@pytest.mark.parametrize(
    "options",
    [
        "start_to_close_timeout=timedelta(minutes=1)",
        "schedule_to_close_timeout=timedelta(minutes=10)",
        "**given()",
        "start_to_close_timeout=given()",
    ],
)
def test_a_start_with_a_timeout_or_with_options_that_cannot_be_seen_is_left_alone(tmp_path: Path, options: str) -> None:
    for rule in ("CP401", "CP402", "CP406"):
        assert found(tmp_path / rule, rule, activity("return text"), options=options) == []


@pytest.mark.parametrize(
    ("body", "policy", "certainty"),
    [
        ("requests.get('https://a.example')\nreturn ''", "", "look at it"),
        ("requests.get('https://a.example')\nreturn ''", "RetryPolicy(maximum_attempts=0)", "look at it"),
        ("return text", "RetryPolicy(maximum_attempts=0)", "look at it"),
        ("return text", "", None),
        ("requests.get('https://a.example')\nreturn ''", "policy()", None),
    ],
)
def test_endless_retries_are_one_fact_wherever_something_is_asked(
    tmp_path: Path, body: str, policy: str, certainty: str | None
) -> None:
    options = "start_to_close_timeout=timedelta(minutes=1)" + (f", retry_policy={policy}" if policy else "")
    told = found(tmp_path, "CP403", activity(body, kind="def"), options=options)
    assert [finding.certainty for finding in told] == ([certainty] if certainty else [])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("RateLimitEror", "Did you mean 'RateLimitError'?"),
        ("openai.NotFoundError", "Write 'NotFoundError'."),
        ("OpenAIError", "Temporal compares names, not classes"),
        ("NoMoney", ""),
        ("ValueError", ""),
        ("SomethingElseEntirely", ""),
    ],
)
def test_error_names_are_matched_as_temporal_does(tmp_path: Path, name: str, told: str) -> None:
    text = activity("raise ApplicationError('x', type='NoMoney')")
    findings = found(tmp_path, "CP404", text, options=f"retry_policy=RetryPolicy(non_retryable_error_types=['{name}'])")
    assert [told in finding.message for finding in findings] == ([True] if told else [])


@pytest.mark.parametrize(
    ("body", "kind", "blocked"),
    [
        ("time.sleep(1)", "async def", True),
        ("time.sleep(0.01)", "async def", False),
        ("time.sleep(1)", "def", False),
        ("await asyncio.to_thread(time.sleep, 1)", "async def", False),
        ("await asyncio.to_thread(below)", "async def", False),
        ("below()", "async def", True),
        ("await httpx.AsyncClient().get('https://a.example')", "async def", False),
        ("httpx.get('https://a.example')", "async def", True),
    ],
)
def test_only_what_blocks_the_event_loop_is_told(tmp_path: Path, body: str, kind: str, blocked: bool) -> None:
    text = "def below():\n    time.sleep(2)\n" + activity(f"{body}\nreturn ''", kind=kind)
    assert bool(found(tmp_path, "CP301", text)) is blocked


def test_the_way_to_what_blocks_is_shown(tmp_path: Path) -> None:
    text = "def below():\n    time.sleep(2)\n" + activity("below()\nreturn ''")
    (finding,) = found(tmp_path, "CP301", text)
    assert (finding.workflow, finding.place.function) == ("work", "below")
    assert [step.what for step in finding.path] == ["calls below()"]


@pytest.mark.parametrize("rule", ["CP301", "CP302", "CP303", "CP304", "CP305", "CP306", "CP307", "CP403", "CP602"])
def test_functions_that_call_each_other_end_the_search(tmp_path: Path, rule: str) -> None:
    text = "def ping(n):\n    return pong(n)\ndef pong(n):\n    return ping(n)\nloop = loop\n" + activity(
        "return ping(text)"
    )
    assert found(tmp_path, rule, text, options="start_to_close_timeout=timedelta(minutes=1)") == []
