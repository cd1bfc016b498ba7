"""Where root keys live; ``port`` says what a custodian promises."""
