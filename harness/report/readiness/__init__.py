"""The checklist before a release as reports: text, Markdown to sign, a badge, and the document."""
