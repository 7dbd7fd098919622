"""The approval agent: searches, plans, waits up to three days for somebody's approval, and carries the plan out."""
