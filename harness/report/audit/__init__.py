"""Reports of audits: as the one record, and as text."""
