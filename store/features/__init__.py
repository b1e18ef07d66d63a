"""Features that somebody else computed: clips without audio, and what their files hold, in a space or as frames.

Reading order: `base` (what a kind of feature files is), `keeping`, `registry`, `datacos` (one), `cqt` (another),
`adding` (into the store), `verifying` (what one file holds).
"""
