"""Sessions that a developer and CI run: `nox -l` lists them, `nox -s NAME` runs one in an environment of its own.

The session `ci` does in one environment what the others do in one each.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "audit", "tests"]

PROJECT = nox.project.load_toml("pyproject.toml")

OLDEST = "CRASHPROOF_TEST_OLDEST"
"""Environment variable by which tests find the oldest supported server and SDK; those that need them run with it."""


def _install(session: nox.Session, *groups: str) -> None:
    """Install crashproof from the checkout with servers and agents, and dependency groups of pyproject.toml."""
    session.install("-e", ".[server,openai]", *nox.project.dependency_groups(PROJECT, *groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format with ruff."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    _lint(session)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of harness and scenarios with mypy --strict."""
    _install(session, "types")
    _types(session)


@nox.session
def audit(session: nox.Session) -> None:
    """Audit the reference agent and crashproof itself: nothing in them may break durability."""
    session.install("-e", ".")
    _audit(session, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, those with real servers and real worker processes too. Arguments after -- go to pytest."""
    _install(session, "test")
    _tests(session, *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Torture the reference agent, which must pass, and the broken ones, each caught by the check it was made for."""
    _install(session, "test")
    _chaos(session, *session.posargs)


@nox.session
def replay(session: nox.Session) -> None:
    """Replay the stored histories of the reference agent against its code and its worker: nothing may differ."""
    _install(session, "test")
    _replay(session)


@nox.session
def servers(session: nox.Session) -> None:
    """Torture workers on the oldest supported server and on the oldest supported SDK, each with the other's newest."""
    _install(session, "test")
    _servers(session, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what crashproof costs and what it finds, as one table. `-- --full` adds three sweeps in a row."""
    _install(session, "bench")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build one static site of the pages below harness/docs into dist/site; a link that leads nowhere fails."""
    session.install(*nox.project.dependency_groups(PROJECT, "docs"))
    session.run(
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--config-file",
        ".mkdocs.yml",
        *session.posargs,
        env={"NO_MKDOCS_2_WARNING": "1"},
    )


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz all that is read from others, for 8 minutes. Arguments after -- go to it: --seconds N, --seed N."""
    _install(session, "fuzz")
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Make 2,000 trials in one run: crashproof's own memory must stay flat. `-- --trials N` for fewer."""
    _install(session, "bench")
    session.run("python", "-m", "tests.bench", "memory", "--trials", "2000", *session.posargs)


@nox.session
def killed(session: nox.Session) -> None:
    """Kill each child of crashproof at five moments of a run, two of which `tests` has, too."""
    _install(session, "test")
    session.run("pytest", "-n", "3", "tests/rig/test_orphaned_runs.py", *session.posargs)


@nox.session
def ci(session: nox.Session) -> None:
    """Do in one environment all that must hold before a change is taken."""
    _install(session, "lint", "types", "test")
    _lint(session)
    with ThreadPoolExecutor() as beside:  # each of these keeps one processor busy, or waits for an index
        done = [beside.submit(each, session) for each in (_types, _audit, _collected)]
        oldest = beside.submit(_oldest, session)
    for each in done:
        each.result()
    with ThreadPoolExecutor() as beside:  # a sweep waits for much of its time: the tests have the processors meanwhile
        swept = beside.submit(_chaos, session, "--color=no", silent=True)
        try:
            _tests(session, "--color=no", oldest=oldest.result())
            _replay(session)
        finally:
            session.log(swept.result())


def _lint(session: nox.Session) -> None:
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


def _types(session: nox.Session) -> None:
    session.run("mypy")


def _collected(session: nox.Session) -> None:
    """Have pytest write down once how it rewrites assertions, which each of several processes would do for itself."""
    session.run("pytest", "--collect-only", "--quiet", silent=True)


def _audit(session: nox.Session, *arguments: str) -> None:
    # What the plugin leaves out as it comes is kept beside the agent that does it right, and is full of findings.
    right = (str(file) for file in sorted(Path("scenarios/openai_agent").glob("*.py")) if file.stem != "as_it_comes")
    agents = ("scenarios/research", "scenarios/approval", "scenarios/campaign")
    session.run("crashproof", "audit", *agents, *right, "harness", *arguments)


def _tests(session: nox.Session, *arguments: str, oldest: str = "") -> None:
    # Tests of one file stay together as long as they can, for they share servers.
    how = ("-n", "3", "--dist", "worksteal", "-m", "not chaos and not every_moment")
    session.run("pytest", *how, *arguments, env={OLDEST: oldest})


def _replay(session: nox.Session) -> None:
    code = ("--workflows", "scenarios.research.workflows", "--workflows", "harness.campaign.workflows")
    session.run("crashproof", "replay", "tests/histories", *code)
    session.run("crashproof", "replay", "tests/histories/*.json*", "--worker", "python -m scenarios.research.worker")


def _chaos(session: nox.Session, *arguments: str, silent: bool = False) -> str:
    """Sweep the example agents; return what it says where that is not shown."""
    # Each file sweeps by one command, and waits for much of its time: side by side they wait together.
    how = ("-n", "2", "--dist", "loadfile", "-m", "chaos")
    return str(session.run("pytest", *how, *arguments, *map(str, _marked("chaos")), silent=silent))


def _marked(marker: str) -> list[Path]:
    """Return the files of tests that name a marker: to collect all the others takes longer than to look for it."""
    tests = sorted(Path("tests").rglob("test_*.py"))
    return [file for file in tests if f"pytest.mark.{marker}" in file.read_text(encoding="utf-8")]


def _servers(session: nox.Session, *arguments: str) -> None:
    how = ("-n", "2", "-m", "server_versions")
    session.run("pytest", *how, "tests/rig/versions", *arguments, env={OLDEST: _oldest(session)})


def _oldest(session: nox.Session) -> str:
    """Return the environment with the oldest supported server and SDK, made if it is not there."""
    oldest = Path(session.virtualenv.location) / "oldest"
    if not (oldest / "bin" / "temporal").exists():
        session.run("python", "-m", "venv", str(oldest))
        pip = (str(oldest / "bin" / "python"), "-m", "pip", "install", "--quiet")
        session.run(*pip, *nox.project.dependency_groups(PROJECT, "oldest"), external=True)
    return str(oldest)
