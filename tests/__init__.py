"""The tests of crashproof: they mirror harness/ one to one; bench/ measures."""
