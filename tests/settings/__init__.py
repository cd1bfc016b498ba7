"""Tests of splitting, sealing and keeping models."""
