"""Exact end points: real roots, how they are ordered, and roots of switches."""
