"""Sessions that a developer and CI run: `nox -l` lists them, `nox -s NAME` runs one in an environment of its own."""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "audit", "tests"]

PROJECT = nox.project.load_toml("pyproject.toml")


def _install(session: nox.Session, group: str) -> None:
    """Install crashproof from the checkout, with one dependency group of pyproject.toml."""
    session.install("-e", ".[server,openai]", *nox.project.dependency_groups(PROJECT, group))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format with ruff."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of harness and scenarios with mypy --strict."""
    _install(session, "types")
    session.run("mypy")


@nox.session
def audit(session: nox.Session) -> None:
    """Audit the reference agent and crashproof itself: nothing in them may break durability."""
    session.install("-e", ".")
    session.run("crashproof", "audit", "scenarios/research", "harness", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, those with real servers and real worker processes too. Arguments after -- go to pytest."""
    _install(session, "test")
    session.run("pytest", "-n", "2", "-m", "not chaos", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Torture the reference agent, which must pass, and the broken ones, each caught by the check it was made for."""
    _install(session, "test")
    session.run("crashproof", "run", "scenarios/research.py", "--faults", "all")
    session.run("pytest", "-m", "chaos", *session.posargs)


@nox.session
def replay(session: nox.Session) -> None:
    """Replay the stored histories of the reference agent against its code and its worker: nothing may differ."""
    _install(session, "test")
    session.run("crashproof", "replay", "tests/histories", "--workflows", "scenarios.research.workflows")
    session.run("crashproof", "replay", "tests/histories", "--worker", "python -m scenarios.research.worker")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what crashproof costs and what it finds, as one table. `-- --full` adds three sweeps in a row."""
    _install(session, "bench")
    session.run("python", "-m", "tests.bench", *session.posargs)
