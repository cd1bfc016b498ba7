"""The tamper-evident record of every step, in formats outsiders can check."""
