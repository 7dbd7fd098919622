"""The checklist before a release: twelve points, two a theme, each filled from checks, rules and faults."""
