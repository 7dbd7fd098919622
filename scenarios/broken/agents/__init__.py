"""One program for each agent: workflow, activities and worker in one file, readable alone."""
