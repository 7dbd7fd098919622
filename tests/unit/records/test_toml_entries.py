"""Files of entries in TOML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.records.toml_entries import entry_text, read_configuration, read_entries, read_toml, write_entries


@dataclass(frozen=True)
class Entry:
    name: str
    reason: str = ""
    until: date | None = None


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    entry = Entry('a "b"\n\\ \x7f ✓ #', until=date(2026, 12, 31))
    write_entries(
        file, [entry_text(entry, table="known"), entry_text(Entry("b", "why"), table="known")], head="# Known.\n"
    )
    assert file.read_text(encoding="utf-8").startswith("# Known.\n")
    assert list(read_entries(file, table="known")) == [
        ({"name": entry.name, "until": entry.until}, f"{file}, entry 1"),
        ({"name": "b", "reason": "why"}, f"{file}, entry 2"),
    ]
    assert list(tmp_path.iterdir()) == [file]


def test_empty_texts_are_left_out_unless_they_are_to_be_filled_in() -> None:
    assert entry_text(Entry("a"), table="known") == '[[known]]\nname = "a"\n'
    assert entry_text(Entry("a"), table="known", with_empty=True) == '[[known]]\nname = "a"\nreason = ""\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[known]", "the list .* is no TOML"),
        ("[other]", r"expected \[\[known\]\] tables only, found other"),
        ("known = 3", r"expected \[\[known\]\] tables only, found something else"),
        ("known = [3]", "entry 1: expected a table"),
    ],
)
def test_what_is_no_file_of_entries_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "known.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=words):
        list(read_entries(file, table="known", called="the list"))


def test_errors_name_the_file_by_what_it_is(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "known.toml"
    with pytest.raises(UsageError, match=r"^cannot read the list .*known\.toml: No such file"):
        read_toml(missing, called="the list")
    with pytest.raises(UsageError, match=rf"^cannot read {missing}: No such file"):
        read_toml(missing)
    with pytest.raises(UsageError, match=rf"^cannot write {missing}: No such file"):
        write_entries(missing, [], head="")


@pytest.mark.parametrize(
    "deep", ["a = " + "[" * 5000, "a" + ".a" * 5000 + " = 1", "a = " + "{a=" * 5000, "a = " + "9" * 5000]
)
def test_a_hostile_file_that_is_nested_too_deeply_is_told(tmp_path: Path, deep: str) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(deep)
    with pytest.raises(UsageError):
        list(read_entries(file, table="x"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "pyproject.toml",
            "[tool.crashproof.audti]\n",
            r"crashproof has no table \[audti\] \(did you mean 'audit'\?\)",
        ),
        (
            "crashproof.toml",
            "[tool.crashproof.price]\n",
            r"crashproof has no table \[price\] \(did you mean 'prices'\?\)",
        ),
        ("crashproof.toml", "nonsense = 1\n", r"crashproof has no table \[nonsense\]$"),
    ],
)
def test_a_table_that_nobody_reads_is_told(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        read_configuration(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project]\n[tool.other]\n[tool.crashproof.audit]\n[tool.crashproof.prices]\n"),
        ("crashproof.toml", "[audit]\n[prices]\n[tool.crashproof.audit]\n"),
        ("prices.toml", "[prices]\n[mine]\n"),
        ("pyproject.toml", "tool = 3\n"),
    ],
)
def test_tables_that_are_read_and_those_of_others_are_let_pass(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert read_configuration(tmp_path / name)
