"""Each source of non-determinism is found where workflow code uses it, whether the sandbox stops it or not."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from temporalio.worker.workflow_sandbox import SandboxRestrictions
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

from harness.audit.analysis.forbidden_names import EXACT, find, is_client
from harness.audit.code.project import Project
from harness.audit.rules import RULES
from harness.records.audit_result import AuditFinding

IMPORTS = """
import _thread, asyncio, calendar, concurrent.futures, email.utils, glob, gzip, hashlib, importlib.metadata, io, locale
import logging, multiprocessing, os, os.path, pathlib, platform, posix, random, secrets, shutil, socket, sqlite3
import subprocess, sys, tempfile, threading, time, urllib.request, uuid, zlib
from datetime import UTC, date, datetime, timedelta
import anthropic, httpx, openai, requests
from temporalio import workflow
"""

SOURCES = {
    "CP101": "time.time() time.time_ns() time.monotonic() time.perf_counter() time.process_time() time.gmtime()"
    " time.ctime() time.asctime() time.strftime('%H') time.localtime() time.clock_gettime(0) datetime.now()"
    " datetime.now(UTC) datetime.now(tz=UTC) datetime.utcnow() datetime.today() date.today() email.utils.formatdate()"
    " email.utils.localtime() time.gmtime(None) os.times()",
    "CP102": "random.random() random.choice([1,2]) random.shuffle([1,2]) random.Random() random.Random(None)"
    " random.SystemRandom() secrets.token_hex() secrets.choice('ab') uuid.uuid1() uuid.uuid4() uuid.getnode()"
    " os.urandom(4) email.utils.make_msgid() random.Random().random()",
    "CP103": "os.environ['A'] os.environ.get('A') os.getenv('A') posix.environ sys.argv sys.platform sys.version_info"
    " sys.path platform.node() platform.machine() locale.getlocale() importlib.metadata.version('x') os.stat('a')"
    " os.getpid() os.cpu_count() socket.gethostname() datetime.fromtimestamp(0) date.fromtimestamp(0)"
    " datetime.fromtimestamp(0,None) workflow.now().astimezone() time.localtime(0) time.ctime(0) time.mktime(())"
    " time.tzname datetime(2026,1,1).timestamp() email.utils.formatdate(0,localtime=True) tempfile.gettempdir()",
    "CP104": "open('a') io.open('a') pathlib.Path('a').read_text() pathlib.Path('a').joinpath('b').write_text('x')"
    " (pathlib.Path('a')/'b').exists() os.listdir() os.path.exists('a') os.remove('a') glob.glob('*')"
    " shutil.rmtree('a') sqlite3.connect('a') subprocess.run(['a']) socket.socket() socket.create_connection(())"
    " httpx.get('a') httpx.AsyncClient() openai.OpenAI() openai.AsyncOpenAI() anthropic.Anthropic()"
    " urllib.request.urlopen('a') gzip.open('a') os.system('a') input() tempfile.mkdtemp()"
    " asyncio.create_subprocess_exec('a')",
    "CP105": "time.sleep(1) threading.Thread() threading.Lock() _thread.start_new_thread(print,())"
    " concurrent.futures.ThreadPoolExecutor() multiprocessing.Pool() asyncio.to_thread(print) requests.get('a')"
    " requests.Session() asyncio.run(None) asyncio.get_running_loop().run_in_executor(None,print)",
    "CP108": "asyncio.wait([]) asyncio.as_completed([])",
}

LOOK_ALIKES = (
    "workflow.uuid4() workflow.now() workflow.time() workflow.random().random() workflow.random().choice([1,2])"
    " random.Random(7).random() uuid.uuid5(uuid.NAMESPACE_DNS,'x') uuid.UUID(int=1) time.gmtime(0)"
    " time.strftime('%H',time.gmtime(0)) time.asctime(time.gmtime(0)) datetime.fromtimestamp(0,UTC)"
    " datetime.fromtimestamp(0,tz=UTC) datetime(2026,1,1,tzinfo=UTC).astimezone(UTC).timestamp()"
    " datetime(2026,1,1,tzinfo=UTC).timestamp() datetime.strptime('2026','%Y') date(2026,1,1) calendar.timegm(())"
    " email.utils.formatdate(0) pathlib.PurePosixPath('a')/'b' os.path.join('a','b') os.path.basename('a') os.sep"
    " sys.maxsize sys.exc_info() io.StringIO('a').read() hashlib.sha256(b'a').hexdigest() zlib.crc32(b'a')"
    " asyncio.sleep(1) asyncio.create_task(None) asyncio.Queue() asyncio.Lock() asyncio.gather() asyncio.current_task()"
    " logging.getLogger('a').info('b') print('a') sorted({'a','b'}) workflow.wait([]) workflow.as_completed([])"
    " secrets.compare_digest('a','b') subprocess.CalledProcessError(1,'a') concurrent.futures.TimeoutError()"
    " asyncio.get_running_loop().time() workflow.info().start_time.isoformat() timedelta(seconds=1).total_seconds()"
)


def found(tmp_path: Path, expressions: list[str]) -> Mapping[str, list[AuditFinding]]:
    """Return the findings of one workflow that uses all these expressions, by expression."""
    body = "\n".join(f"        kept.append({each})" for each in expressions)
    head = f"{IMPORTS}\n@workflow.defn\nclass Agent:\n    @workflow.run\n    async def run(self):\n        kept = []\n"
    file = tmp_path / "agent.py"
    file.write_text(f"{head}{body}\n        return kept\n")
    project = Project.of([file])
    lines: dict[str, list[AuditFinding]] = {each: [] for each in expressions}
    for rule in RULES:
        for finding in rule.judge(project):
            lines[expressions[finding.place.line - len(head.splitlines()) - 1]].append(finding)
    return lines


@pytest.mark.parametrize("rule", SOURCES)
def test_sources_are_found(rule: str, tmp_path: Path) -> None:
    told = {
        expression: {finding.rule for finding in findings}
        for expression, findings in found(tmp_path, SOURCES[rule].split()).items()
    }
    assert told == {expression: {rule} for expression in told}


def test_look_alikes_are_not_found(tmp_path: Path) -> None:
    told = found(tmp_path, LOOK_ALIKES.split())
    assert {expression: [each.message for each in findings] for expression, findings in told.items() if findings} == {}


def _is_there(name: str) -> bool:
    """Tell whether this Python has it; random has grown."""
    return not name.startswith("random.") or hasattr(random, name.removeprefix("random."))


def _stopped_by_sandbox(name: str) -> bool:
    """Ask temporalio whether its sandbox stops a function at run time."""
    path = ["__builtins__", *name.split(".")[1:]] if name.startswith("builtins.") else name.split(".")
    context = RestrictionContext()
    context.is_runtime = True
    return SandboxRestrictions.invalid_module_members_default.match_access(context, *path, include_use=True)


@pytest.mark.parametrize("name", sorted(name for name in EXACT if not is_client(name) and _is_there(name)))
def test_what_the_table_says_of_the_sandbox_is_true(name: str) -> None:
    said = {source.stopped for source in find(name)}
    assert said == {_stopped_by_sandbox(name)}
