"""Permits: who may open what, until when, and the release of the keys."""
