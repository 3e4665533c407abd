"""What else is decided: convexity, bounds, consistency, the range of float32."""
