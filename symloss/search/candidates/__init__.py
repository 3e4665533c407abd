"""What a search looks at: tokens of the grammar, the proxy test, duplicates."""
