"""The steps of a run: one module, one verb, one public function of that name."""
