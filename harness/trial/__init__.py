"""The trial: one scenario under one plan, from a fresh slot to its evidence."""
