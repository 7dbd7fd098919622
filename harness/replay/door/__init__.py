"""Replays through the door: a frontend hands recorded histories to the real, unmodified worker process."""
