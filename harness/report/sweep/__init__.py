"""The report of sweeps, in each form."""
