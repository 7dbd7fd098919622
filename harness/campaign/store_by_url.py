"""Opens the store of a campaign by its URL: whatever fsspec knows (``file:``, ``s3:``, ``gs:``, ``az:``, ``memory:``).

Credentials come from the environment of each machine, as fsspec and its packages read them, and never travel with a
campaign.
"""

from __future__ import annotations

from harness.campaign.store import Store
from harness.errors import UsageError

REMEDY = "pip install 'crashproof[campaign]'"


def store_by_url(url: str) -> Store:
    """Return the store of a URL, or of the path of a folder.

    Raises:
        UsageError: No such kind of store is known here, or the package that it needs is missing.
    """
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(f"a campaign needs a package that is not here: {REMEDY}") from error
    try:
        files, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise UsageError(f"the store {url} needs a package that is not here: {error}") from error
    except Exception as error:  # each kind of store raises its own
        raise UsageError(f"{url} names no store: {error}") from error
    return Store(url, files=files, root=root)
