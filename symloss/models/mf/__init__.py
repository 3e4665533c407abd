"""Matrix factorisation: the fused kernels for the CPU, and the step on other devices."""
