"""What scanners of others say about files from outside: advice, never a verdict."""
