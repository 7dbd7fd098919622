"""Replays in child processes: Temporal's Replayer, with a workflow runner that observes each command."""
