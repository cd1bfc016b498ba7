"""Splits a model into segments, seals them, and keeps their versions."""
