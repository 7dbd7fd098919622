"""Recorded histories as files: read in every form they come in, captured from a cluster, chosen, scrubbed."""
