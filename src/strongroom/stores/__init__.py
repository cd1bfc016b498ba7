"""Where sealed bytes rest; ``port`` says what a store promises."""
