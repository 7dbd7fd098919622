"""Divides the audited files into parts that have nothing to do with each other: each is audited by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.audit.code.file_outline import FileOutline, imported, outline_of, with_imported
from harness.audit.code.modules import ModuleFinder
from harness.audit.code.source import SourceFile, read


class DisjointSets:
    """Disjoint sets: groups of things that were joined, by the union-find method."""

    def __init__(self) -> None:
        self._above: dict[object, object] = {}

    def group(self, thing: object) -> object:
        """Return the thing that stands for the group of this one."""
        path = []
        while (above := self._above.setdefault(thing, thing)) != thing:
            path.append(thing)
            thing = above
        for each in path:
            self._above[each] = thing
        return thing

    def join(self, one: object, other: object) -> None:
        """Say that two things belong together."""
        self._above[self.group(one)] = self.group(other)


def parts_of(
    sources: Mapping[Path, SourceFile], outlines: Mapping[Path, FileOutline], finder: ModuleFinder
) -> list[list[SourceFile]]:
    """Return the files that have to do with Temporal and all that they import, in parts that share no such file.

    A part is held together by imports between files that speak to Temporal, and by activities and workflows that are
    started by name. Files that are imported but were not asked for are read, and belong to it too.
    """
    known = dict(outlines)
    others: dict[Path, SourceFile] = {}
    imports: dict[Path, set[Path]] = {}

    def imports_of(path: Path) -> set[Path]:
        if path not in known:
            others[path] = read(path)
            known[path] = outline_of(others[path])
        if path not in imports:
            imports[path] = imported(known[path], path, finder)
        return imports[path]

    speaking = [path for path, source in sources.items() if source.speaks and not known[path].reason]
    below = {path: with_imported(path, imports_of) for path in speaking}
    together = DisjointSets()
    for path in speaking:
        for other in below[path] & below.keys():
            together.join(path, other)
    _join_by_name(speaking, known, together)
    groups: dict[object, set[Path]] = {}
    for path in speaking:
        groups.setdefault(together.group(path), set()).update(below[path])
    parts = [_part(paths, sources, others, known) for paths in groups.values()]
    return sorted(parts, key=lambda part: part[0].file)


def _join_by_name(speaking: Iterable[Path], outlines: Mapping[Path, FileOutline], together: DisjointSets) -> None:
    declaring: dict[str, list[Path]] = {}
    for path in speaking:
        for name in outlines[path].declares:
            declaring.setdefault(name, []).append(path)
    for path in speaking:
        for name in outlines[path].starts:
            for other in declaring.get(name, ()):
                together.join(path, other)


def _part(
    paths: Iterable[Path],
    sources: Mapping[Path, SourceFile],
    others: Mapping[Path, SourceFile],
    outlines: Mapping[Path, FileOutline],
) -> list[SourceFile]:
    part = (sources.get(path) or _not_asked_for(others[path]) for path in paths if not outlines[path].reason)
    return sorted(part, key=lambda source: source.file)


def _not_asked_for(source: SourceFile) -> SourceFile:
    return SourceFile(path=source.path, file=source.file, text=source.text, digest=source.digest, owned=False)
