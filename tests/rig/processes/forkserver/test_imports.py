"""Imports are read from the source, and followed through the program's own modules alone."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from harness.processes.forkserver.imports import Imports, imports_of, is_installed


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def read(folder: Path, text: str) -> Imports:
    write(folder, worker=text)
    return imports_of(script=folder / "worker.py", root=folder)


def test_imports_are_found_at_any_depth_but_not_those_for_type_checkers(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "import json\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import decimal\nelse:\n    import csv\n"
        "with open('x'):\n    import click.core\n"
        "def f():\n    try:\n        import rich\n    except ImportError: pass\n",
    )
    assert found.installed == ("json", "typing", "csv", "click.core", "rich")


def test_names_that_are_modules_are_found(tmp_path: Path) -> None:
    found = read(tmp_path, "from concurrent import futures\nfrom os import path, sep\nfrom click import *\n")
    assert found.installed == ("concurrent", "concurrent.futures", "os", "click")


def test_own_modules_are_followed_and_never_listed(tmp_path: Path) -> None:
    write(tmp_path, app="import nothing_of_the_kind")
    write(tmp_path, shop__a="from .b import x\nfrom . import c\nfrom .. import nowhere\n", shop__b="import csv")
    (tmp_path / "shop" / "__init__.py").write_text("import json")
    (tmp_path / "shop" / "c.py").write_text("import app, shop.a, wave")
    found = imports_of(module="shop.a", root=tmp_path)
    assert sorted(found.installed) == ["csv", "json", "wave"]
    assert found.own == {"shop", "app"}
    (tmp_path / "shop" / "__main__.py").write_text("import glob")
    assert sorted(imports_of(module="shop", root=tmp_path).installed) == ["glob", "json"]


def test_the_package_that_is_run_is_own_even_if_installed(tmp_path: Path) -> None:
    found = imports_of(module="click.testing", root=tmp_path)
    assert "click" in found.own
    assert not [name for name in found.installed if name.startswith("click")]
    assert "contextlib" in found.installed


def test_a_missing_or_broken_module_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, broken="x = (")
    assert read(tmp_path, "import gone, broken, json").installed == ("json",)
    assert imports_of(module="gone.too", root=tmp_path).installed == ()


@pytest.mark.parametrize(
    "text",
    [
        "os.environ['A'] = '1'",
        "environ.setdefault('A', '1')",
        "del os.environ['A']",
        "os.environ.update({'A': 1})",
        "os.putenv('A', '1')",
    ],
)
def test_variables_that_are_set_are_told(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert (found.sets, found.unsure) == (frozenset({"A"}), "")


@pytest.mark.parametrize(
    "text",
    [
        "os.environ[name] = '1'",
        "os.environ.update(more)",
        "os.environ.clear()",
        "os.environ |= more",
        "load_dotenv()",
        "import gevent.monkey",
    ],
)
def test_what_cannot_be_read_makes_unsure(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "gevent" in text:
        gevent = tmp_path / "installed"
        write(gevent, gevent__monkey="")
        (gevent / "gevent" / "__init__.py").touch()
        monkeypatch.syspath_prepend(gevent)
        monkeypatch.setattr("harness.processes.forkserver.imports.INSTALLED", (f"{gevent.resolve()}/",))
    assert read(tmp_path, text).unsure


def test_reading_the_environment_is_no_reason_to_be_unsure(tmp_path: Path) -> None:
    found = read(tmp_path, "x = os.environ['A']; y = os.environ.get('B', z.update(1)); os.environ.copy()")
    assert (found.sets, found.unsure) == (frozenset(), "")


def test_installed_is_what_lies_in_the_folders_of_the_interpreter(tmp_path: Path) -> None:
    assert is_installed(json.__file__)
    assert is_installed(click.__file__)
    assert not is_installed(str(tmp_path / "site-packages" / "x.py"))
