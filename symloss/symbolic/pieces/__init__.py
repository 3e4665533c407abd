"""A loss cut into smooth pieces, and the normal form of their gradients."""
