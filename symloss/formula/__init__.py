"""Formulas as text: `parse` reads one, `text` writes one. The public function is `symloss.parse`."""
