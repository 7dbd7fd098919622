"""A worker whose histories the replay door hands back to it."""
