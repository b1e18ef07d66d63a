"""Published data sets as sources: where each keeps its files, and what it says of them."""
