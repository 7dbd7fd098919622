"""Campaigns: many trials of one scenario (a sweep) and of several, from baseline to fixpoint."""
