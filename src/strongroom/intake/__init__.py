"""Lets files in: what they are, what they hold, and whether they may enter."""
