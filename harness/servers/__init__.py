"""Temporal servers: the engines, their binaries, and one running server from its start to its end."""
