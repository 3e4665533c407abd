"""Phase I: ask, test, train, reward, tell."""
