"""The pytest plugin: fixtures that start a Temporal server, worker processes, a model and effects, and that sweep.

pytest loads this in every project where crashproof is installed, so it imports nothing of weight, adds no option, no
marker and no output, and starts nothing until a fixture is used.

The fixtures are for asynchronous tests, as Temporal's client is: what takes time is awaited. They need no particular
plugin (pytest-asyncio and anyio's asyncio backend both do), since all they start runs in a thread of its own. A
synchronous test can read addresses and records, and say what the model answers; an action in it (``kill()``,
``crashproof_survives(...)``) is an error that says so. An action that is not awaited fails the test, too.

Everything is gone after the session, however it ends. Where no server binary is found or can be got, tests that need
one are errors, never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import RigError, UsageError
from harness.foreign import for_terminal

if TYPE_CHECKING:
    from harness.servers.binaries import Binary
    from harness.testing import Effects, Explores, Model, SessionServer, Survives, WorkerStarter
    from harness.testing.fixtures import Fixtures
    from harness.testing.mocked import MockedModel
    from harness.testing.thread import Calls, RigThread
    from harness.trial.rig import Rig


@pytest.fixture
def crashproof_server(_crashproof_fixtures: Fixtures) -> SessionServer:
    """A persisted Temporal dev server, one for the session, with a namespace of this test's own.

    ``address`` and ``namespace`` are for ``Client.connect``. ``await crashproof_server.kill()`` kills it with SIGKILL,
    ``await crashproof_server.restart()`` starts it again on the same database and port.
    """
    return _crashproof_fixtures.server


@pytest.fixture
def crashproof_worker(_crashproof_fixtures: Fixtures) -> WorkerStarter:
    """A starter of worker processes.

    ``worker = await crashproof_worker("python -m app.worker", task_queue="q")`` starts one, real and unmodified, behind
    a door that leads to the namespace of this test, whichever the worker asks for. ``await worker.kill()`` kills it
    with SIGKILL, ``await worker.start()`` and ``await worker.restart()`` start the next process, ``await
    worker.reached("before/RespondActivityTaskCompleted/*")`` waits for a point; ``pid`` and ``log`` are those of the
    newest process. It ends with the test.
    """
    return _crashproof_fixtures.workers


@pytest.fixture
def crashproof_model(_crashproof_fixtures: Fixtures) -> Model:
    """A scripted model server that plays OpenAI, for this test alone.

    ``url`` is what ``OPENAI_BASE_URL`` is; worker processes have it already. ``answers_with(function_or_file)`` says
    what it answers, ``fails_with("model-429-seconds")`` lets the next request meet a fault, and ``requests`` are those
    that it has seen.
    """
    return _crashproof_fixtures.model


@pytest.fixture
def crashproof_mocked_model(request: pytest.FixtureRequest) -> Iterator[MockedModel]:
    """A model that plays OpenAI and Anthropic to clients in the test's own process; no server is started.

    It has ``answers_with``, ``fails_with`` and ``requests`` as ``crashproof_model`` has. httpx and httpx2 are mocked by
    respx and pytest-httpx2, which must be installed.
    """
    from harness.testing.mocked import mocked_model

    with ExitStack() as mocks:
        with _in_one_message():
            model = mocks.enter_context(mocked_model(folder=request.path.parent))
        yield model


@pytest.fixture
def crashproof_loopback_only() -> Iterator[None]:
    """A guard: what connects, sends or looks a name up beyond this machine fails the test, even if it is caught.

    For all tests of a module: ``pytestmark = pytest.mark.usefixtures("crashproof_loopback_only")``.
    """
    from harness.testing.loopback import loopback_only

    with loopback_only() as attempts:
        yield
    if attempts:
        refused = ", ".join(dict.fromkeys(attempts))
        pytest.fail(for_terminal(f"crashproof: something tried to leave this machine: {refused}"), pytrace=False)


@pytest.fixture
def crashproof_effects(_crashproof_fixtures: Fixtures) -> Effects:
    """An effect server (payments, mails, searches) that keeps the ledger, for this test alone.

    ``url`` is what ``EFFECTS_URL`` is; worker processes have it already. ``ledger`` are the effects that have happened,
    ``answers_with`` and ``fails_with("effect-reply-lost")`` are as those of ``crashproof_model``.
    """
    return _crashproof_fixtures.effects


@pytest.fixture
def crashproof_survives(
    _crashproof_calls: Calls, _crashproof_temporal: Binary, request: pytest.FixtureRequest
) -> Survives:
    """A sweep of a scenario, as a test.

    ``await crashproof_survives(scenario, faults=["kill-worker", "model"])`` fails the test with the report of
    ``crashproof run`` unless the outcome is PASS; UNKNOWN fails, too. The evidence stays in ``.crashproof/runs`` below
    the folder that pytest was started in.
    """
    from harness.records.store import RUNS
    from harness.testing import Survives

    started_in = request.config.invocation_params.dir
    return Survives(
        _crashproof_calls,
        binary=_crashproof_temporal,
        module=request.module,
        test=request.node.nodeid,
        folder=started_in / RUNS,
    )


@pytest.fixture
def crashproof_explores(_crashproof_calls: Calls, request: pytest.FixtureRequest) -> Explores:
    """An exploration of a scenario, as a test: every order in which the world can answer, without a server.

    ``await crashproof_explores(scenario, budgets={"fail": 2})`` fails the test with the report of ``crashproof
    explore`` unless everything was explored and nothing found. The evidence stays in ``.crashproof/explorations`` below
    the folder that pytest was started in.
    """
    from harness.records.store import EXPLORATIONS
    from harness.testing import Explores

    started_in = request.config.invocation_params.dir
    return Explores(
        _crashproof_calls, module=request.module, test=request.node.nodeid, folder=started_in / EXPLORATIONS
    )


@pytest.fixture
def crashproof_replays(request: pytest.FixtureRequest) -> Callable[..., None]:
    """A strict replay of stored histories, as a test, synchronous or not.

    ``crashproof_replays("histories/", workflows=[MyAgent])`` fails the test with the report of ``crashproof replay``
    unless every history decides as recorded; where nothing was compared it fails, too. Paths begin in the folder of the
    test's file, or else in the one that pytest was started in. The arguments are those of
    ``harness.testing.assert_replays``.
    """
    from harness.testing.replays import assert_replays

    started_in, beside = request.config.invocation_params.dir, request.path.parent

    def replays(*paths: str | Path, **how: Any) -> None:
        __tracebackhide__ = True
        given = [beside / path if (beside / path).exists() else Path(path) for path in paths]
        try:
            assert_replays(*given, **{"cwd": started_in, **how})
        except (AssertionError, UsageError, RigError) as error:
            raise pytest.fail.Exception(for_terminal(f"crashproof: {error}"), pytrace=False) from None

    return replays


@pytest.fixture(scope="session")
def _crashproof_thread() -> Iterator[RigThread]:
    from harness.testing.thread import RigThread

    thread = RigThread()
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def _crashproof_temporal(_crashproof_thread: RigThread, request: pytest.FixtureRequest) -> Binary:
    from harness.servers.binaries import find_temporal
    from harness.temporal.sdk import require_sdk

    with _in_one_message():
        require_sdk()
        return _crashproof_thread.wait(find_temporal(progress=lambda line: _say(request.config, line)))


@pytest.fixture(scope="session")
def _crashproof_rig(
    _crashproof_thread: RigThread, _crashproof_temporal: Binary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    from harness.trial.rig import Rig

    folder = tmp_path_factory.mktemp("crashproof", numbered=True)
    with _in_one_message(), _crashproof_thread.within(Rig(binary=_crashproof_temporal, folder=folder)) as rig:
        yield rig


@pytest.fixture
def _crashproof_calls(_crashproof_thread: RigThread) -> Iterator[Calls]:
    from harness.testing.thread import Calls

    calls = Calls(_crashproof_thread)
    yield calls
    forgotten = calls.forgotten()
    if forgotten:
        calls_made = ", ".join(f"`{name}`" for name in forgotten)
        pytest.fail(f"crashproof: {calls_made} was called but never awaited, so nothing was done", pytrace=False)


@pytest.fixture
def _crashproof_fixtures(
    _crashproof_rig: Rig,
    _crashproof_thread: RigThread,
    _crashproof_calls: Calls,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[Fixtures]:
    from harness.testing.fixtures import open_fixtures

    opening = open_fixtures(
        _crashproof_rig,
        name=request.node.name,
        scripts=request.path.parent,
        logs=tmp_path / "crashproof",
        calls=_crashproof_calls,
    )
    with _in_one_message(), _crashproof_thread.within(opening) as fixtures:
        yield fixtures


@contextmanager
def _in_one_message() -> Iterator[None]:
    """Show what crashproof says by its message alone, which holds the log that explains it, without a traceback."""
    try:
        yield
    except (UsageError, RigError) as error:
        raise pytest.fail.Exception(for_terminal(f"crashproof: {error}"), pytrace=False) from None


def _say(config: pytest.Config, line: str) -> None:
    """Show a line of progress at once, for what may take minutes: a download or a build of the server."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if reporter and capture:
        with capture.global_and_fixture_disabled():
            reporter.write_line(for_terminal(f"crashproof: {line}"))
