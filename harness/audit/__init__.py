"""The audit: reads workflow and activity code, never runs it, and tells what breaks durability."""
