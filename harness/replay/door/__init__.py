"""Replay through the door: the frontend of a server is played to the real, unmodified worker."""
