"""Whether a run keeps its promises: one verdict for each gate and variant."""
