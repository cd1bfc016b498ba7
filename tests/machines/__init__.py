"""Every state machine of the product, run beside a model of a few lines."""
