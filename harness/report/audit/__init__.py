"""The report of audits, in each form."""
