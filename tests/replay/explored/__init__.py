"""Small workflows to be explored: each planted bug breaks one property, each look-alike breaks none."""
