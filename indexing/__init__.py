"""FAISS indexes over a space: search, duplicates and the evidence for them."""
