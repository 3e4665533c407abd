"""Numbers for proofs: a formula as a tape, in intervals, boxes, float32 ranges or many digits."""
