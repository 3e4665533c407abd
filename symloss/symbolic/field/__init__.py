"""Gradients as elements of a differential field, so that equal ones are written alike."""
