"""Whether the slope points the right way: proved, refuted with a witness, or sampled."""
