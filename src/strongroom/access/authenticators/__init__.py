"""What holds the private half of a passkey."""
