"""A machine on which a server is looked for: programs that stand for servers, and for the SDK that downloads one."""

from __future__ import annotations

from pathlib import Path

from harness.servers.binaries import TEMPORAL, cached


def cached_path() -> Path:
    return cached(TEMPORAL)


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def temporal(path: Path, version: str) -> Path:
    return program(path, f"echo 'temporal version {version} (Server 1.2.3, UI 4.5.6)'")


def downloading(path: Path, *, before: str = "", version: str = "9.9.9", name: str = "temporal-sdk") -> Path:
    """Stand in for the interpreter that runs the SDK: its last argument is the folder that the SDK downloads to.

    A line for each call goes to the file beside it.
    """
    body = f"""
for last in "$@"; do :; done
echo called >> {path}.calls
{before}
printf '#!/bin/sh\\necho temporal version {version}\\n' > "$last/{name}"
chmod +x "$last/{name}"
exit 1
"""
    return program(path, body)


def calls(fake: Path) -> list[str]:
    return Path(f"{fake}.calls").read_text().splitlines()
