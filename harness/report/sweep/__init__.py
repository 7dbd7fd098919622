"""Reports of sweeps: as the one record, as text, and what only sweeps have (faults, causes, remarks)."""
