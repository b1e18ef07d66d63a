"""One FAISS index: choosing, building, tuning, writing, opening it, and catching up with its table."""
