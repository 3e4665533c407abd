"""The interpreter of programs on the CPU, compiled by Numba."""
