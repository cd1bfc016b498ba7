"""Where programs run that read what nobody trusts, or hold what nobody may have."""
