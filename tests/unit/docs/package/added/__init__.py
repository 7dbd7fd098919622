"""A package that adds one of everything that can be added to crashproof."""
