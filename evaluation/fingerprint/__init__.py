"""How well fingerprints are found again: the published protocol, live queries, and what each kind of damage costs."""
