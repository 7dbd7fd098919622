"""The checkpoint store: a small HTTP service that writes to a SQLite file.

``python -m scenarios.approval.store`` prints the port it listens on, and serves until its standard input ends. The path
of a request names the database: ``POST /approval`` saves to ``approval.db`` among the temporary files. A checkpoint
whose key is known is not saved again.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_TABLE = "CREATE TABLE IF NOT EXISTS checkpoints (key TEXT PRIMARY KEY, workflow_id TEXT, step TEXT, state TEXT)"
_SAVE = "INSERT OR IGNORE INTO checkpoints VALUES (?, ?, ?, ?)"


def save(database: Path, *, key: str, checkpoint: dict[str, Any]) -> bool:
    """Save a checkpoint; return whether it is new."""
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute(_TABLE)
        row = (key, checkpoint["workflow_id"], checkpoint["step"], checkpoint["state"])
        return connection.execute(_SAVE, row).rowcount == 1


def serve(folder: Path) -> ThreadingHTTPServer:
    """Return a server on a free port of this machine whose databases are in a folder; nothing is served yet."""

    class Saving(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            database = folder / f"{Path(self.path).name}.db"
            saved = save(database, key=self.headers["Idempotency-Key"], checkpoint=asked)
            body = json.dumps({"ok": True, "new": saved}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("127.0.0.1", 0), Saving)


def main() -> None:
    """Serve until standard input ends, as it does when whoever started this is gone."""
    server = serve(Path(tempfile.gettempdir()))
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
