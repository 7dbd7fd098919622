"""Sweeps: many trials of one scenario, and of several side by side, from baseline to fixpoint."""
