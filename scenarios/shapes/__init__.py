"""Right agents, one for each shape that a run may have."""
