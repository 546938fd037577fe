"""Floor 1: files in the database, so that web and worker share them without a shared disk."""
