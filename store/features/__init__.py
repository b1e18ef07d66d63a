"""Features that somebody else computed: clips without audio, and a space of what their files hold.

Reading order: `base` (what a kind of feature files is), `registry`, `datacos` (one), `adding` (into the store).
"""
