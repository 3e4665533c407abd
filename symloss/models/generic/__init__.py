"""Any module of PyTorch under any loss: what `symloss.models.generic_torch` is made of."""
