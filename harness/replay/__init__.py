"""Replay: histories as files, and Temporal's Replayer in a process of its own."""
