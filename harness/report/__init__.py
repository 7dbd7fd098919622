"""Reports, written from records only."""
