"""Populations on a torch device: all members of a batch together."""
