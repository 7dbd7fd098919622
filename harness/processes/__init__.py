"""Operating system processes: started, tied to the life of crashproof, watched, ended; and their ports."""
