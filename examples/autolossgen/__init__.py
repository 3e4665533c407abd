"""Regenerates what the AutoLossGen paper reports (SIGIR 2022), through symloss's public interface."""
