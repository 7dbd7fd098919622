"""Names of the markers that SDKs write into histories for local activities, versions and side effects."""

from __future__ import annotations

PATCH = "core_patch"
"""A patch, as the SDKs built on SDK core record it, that of Python among them."""

LOCAL_ACTIVITY = "core_local_activity"
"""The result of a local activity, as the SDKs built on SDK core record it."""

LOCAL_ACTIVITIES = frozenset({LOCAL_ACTIVITY, "LocalActivity"})
"""Markers that hold the result of a local activity: of the SDKs built on SDK core; of Go and Java."""

VERSIONS = frozenset({PATCH, "Version"})
"""Markers that say which branch of a versioned change was taken."""

SIDE_EFFECTS = frozenset({"SideEffect", "MutableSideEffect"})
"""Markers that hold the result of a side effect; the SDKs built on SDK core write none."""
