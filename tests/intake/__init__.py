"""Tests of what lets files in."""
