"""Replay in a process of its own: Temporal's Replayer, watched by a workflow runner that records each command."""
