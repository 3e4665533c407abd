"""What is decided about a loss: its pieces, the normal form of its gradient, duplicates, proofs and properties."""
