"""Training the autoencoder of the da-TACOS study on the vectors of a space.

Reading order: `config`; `rows` (which clips teach, and their vectors); `module` (one step), `train` (the whole);
`export` (the published files).
"""
