"""What needs the oldest supported server and SDK is collected where these are: `nox -s servers` brings them."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("CRASHPROOF_TEST_OLDEST") else ["test_*.py"]
