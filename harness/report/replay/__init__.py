"""Reports of strict replays: as the one record, and as text."""
