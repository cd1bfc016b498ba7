"""Other tools that keep weights in files, measured and tested beside ours.

They are installed into an environment of their own, never into the product's.
"""
