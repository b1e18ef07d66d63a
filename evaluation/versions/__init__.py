"""Are other performances of a work found? The published protocol of version matching, on a space of a store.

Reading order: `measures`, `shingles`, `material`, `protocol`, `report`, `plot`, `evaluate`.
"""
