"""What a project says about its audit: `[tool.crashproof.audit]` in pyproject.toml, or `[audit]` in crashproof.toml."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.audit.histories import explained
from harness.audit.rules import RULES, Rule
from harness.errors import UsageError, nearest
from harness.records.audit_result import Certainty
from harness.records.toml_entries import OWN_FILE, read_configuration

FILES = (OWN_FILE, "pyproject.toml")
"""Where the configuration is looked for, in the working directory and above it, the first one first."""

CATALOGUE: tuple[Rule, ...] = explained(RULES)
"""All rules, those on recorded histories too, by id."""

_CERTAINTIES = {certainty.word: certainty for certainty in Certainty}


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a project says about its audit.

    Attributes:
        rules: Ids of the rules to ask; empty for all.
        skip: Ids of the rules not to ask.
        certainty: Certainty of the findings of a rule, instead of the rule's own.
        fail_on: Certainty from which on a finding fails the audit.
        exclude: Patterns of files and folders not to audit, from the folder of the file on.
        passed_through: Modules that the worker's sandbox passes through, though no code says so.
        baseline: The baseline file.
        file: Where this was read; None if nothing is configured.
    """

    rules: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    certainty: dict[str, Certainty] = field(default_factory=dict)
    fail_on: Certainty = Certainty.LIKELY
    exclude: tuple[str, ...] = ()
    passed_through: tuple[str, ...] = ()
    baseline: Path | None = None
    file: Path | None = None


def certainty_of(word: str, where: str) -> Certainty:
    """Return the certainty of that name.

    Raises:
        UsageError: There is none; the message names the nearest one.
    """
    if certainty := _CERTAINTIES.get(word):
        return certainty
    raise UsageError(f"{where}: expected {', '.join(_CERTAINTIES)}, not {word!r}{nearest(word, _CERTAINTIES)}")


def rules_of(words: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Return the ids of rules that are named by id, name, or the beginning of an id (``CP1``).

    Raises:
        UsageError: There is none of that name.
    """
    ids: dict[str, None] = {}
    for word in words:
        wanted = word.strip().lower()
        named = [rule.id for rule in CATALOGUE if wanted in (rule.id.lower(), rule.name)]
        family = [rule.id for rule in CATALOGUE if len(wanted) > 2 and rule.id.lower().startswith(wanted)]
        if not (named or family):
            known = [each for rule in CATALOGUE for each in (rule.id, rule.name)]
            raise UsageError(f"{where}: there is no rule {word!r}{nearest(word, known)}")
        ids |= dict.fromkeys(named or family)
    return tuple(ids)


def find(start: Path) -> Configuration:
    """Return the configuration of the nearest folder, from this one upwards, that has one; else the defaults.

    Raises:
        UsageError: A file is no TOML, or says what cannot be said.
    """
    for folder in (start, *start.parents):
        for name in FILES:
            file = folder / name
            if file.is_file() and (table := _read(file)) is not None:
                return _configuration(table, file)
        if (folder / ".git").exists():
            break
    return Configuration()


def load(file: Path) -> Configuration:
    """Return the configuration of one file.

    Raises:
        UsageError: It is missing, no TOML, has no table for the audit, or says what cannot be said.
    """
    table = _read(file)
    if table is None:
        raise UsageError(f"{file} has no [tool.crashproof.audit]{'' if _is_project(file) else ' and no [audit]'}")
    return _configuration(table, file)


def excluding(patterns: Sequence[str], folder: Path) -> Callable[[Path], bool]:
    """Return what tells whether a file or folder is excluded.

    As in .gitignore, a pattern without a slash is about names anywhere, another one about paths from the folder on;
    ``*`` stands for anything but a slash, ``**`` for any folders; what is below an excluded folder is excluded.

    Args:
        patterns: The patterns.
        folder: Where paths begin.
    """
    if not patterns:
        return lambda path: False
    pattern = re.compile("|".join(_as_regex(each) for each in patterns))

    def is_excluded(path: Path) -> bool:
        shown = path.relative_to(folder) if path.is_relative_to(folder) else path
        return pattern.match(shown.as_posix()) is not None

    return is_excluded


def _as_regex(pattern: str) -> str:
    anywhere = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    regex = re.escape(pattern.removeprefix("./").strip("/"))
    regex = regex.replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return f"{anywhere}{regex}(?:/|$)"


def _is_project(file: Path) -> bool:
    return file.name == "pyproject.toml"


def _read(file: Path) -> Any:
    """Return the table for the audit, or None if there is none."""
    read = read_configuration(file)
    if not _is_project(file) and "audit" in read:
        return read["audit"]
    tools = read.get("tool", {})
    ours = tools.get("crashproof", {}) if isinstance(tools, dict) else {}
    return ours.get("audit") if isinstance(ours, dict) else None


def _configuration(table: Any, file: Path) -> Configuration:
    where = f"{file}, {'[tool.crashproof.audit]' if _is_project(file) else '[audit]'}"
    if not isinstance(table, dict):
        raise UsageError(f"{where}: expected a table")
    settings: dict[str, Any] = {"file": file}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in _READERS:
            raise UsageError(f"{where}: there is no key {key!r}{nearest(name, _READERS)}")
        settings |= _READERS[name](value, f"{where}, {key}", file.parent)
    return Configuration(**settings)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{where}: expected a list of texts, not {value!r}")
    return tuple(value)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{where}: expected a text, not {value!r}")
    return value


def _certainties(value: Any, where: str) -> dict[str, Certainty]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: expected a table of rules with a certainty each, not {value!r}")
    return {
        rule: certainty_of(_text(word, f"{where}.{name}"), f"{where}.{name}")
        for name, word in value.items()
        for rule in rules_of((name,), where)
    }


_READERS: dict[str, Callable[[Any, str, Path], dict[str, Any]]] = {
    "rules": lambda value, where, folder: {"rules": rules_of(_texts(value, where), where)},
    "skip": lambda value, where, folder: {"skip": rules_of(_texts(value, where), where)},
    "certainty": lambda value, where, folder: {"certainty": _certainties(value, where)},
    "severity": lambda value, where, folder: {"certainty": _certainties(value, where)},  # its older name
    "fail_on": lambda value, where, folder: {"fail_on": certainty_of(_text(value, where), where)},
    "exclude": lambda value, where, folder: {"exclude": _texts(value, where)},
    "passed_through": lambda value, where, folder: {"passed_through": _texts(value, where)},
    "baseline": lambda value, where, folder: {"baseline": folder / _text(value, where)},
}
"""How each key is read: value, where it stands, and the folder of the file, to what is configured."""
