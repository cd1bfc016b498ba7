"""What must be true of the whole project: its layers, files, locks, and docs."""
