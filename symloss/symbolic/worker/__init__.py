"""Work that can be ended: questions about formulas run in a process of their own, kept warm, with a hard limit."""
