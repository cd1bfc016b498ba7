"""Sealing, key derivation, wraps, signatures and custody of root keys."""
