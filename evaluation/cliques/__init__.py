"""Are performances of one work nearer to each other than to others? The evaluation of the da-TACOS study.

Reading order: `protocol` (the distances within works and to others), `report`, `plot`, `evaluate` (the whole).
"""
