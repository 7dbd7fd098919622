"""What the rules of the audit share: flow of values, effects, sets, calls that reach a command."""
