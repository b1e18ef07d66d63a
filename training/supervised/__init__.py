"""The supervised baseline: SampleCNN taught the labels of a view's clips, from waveforms.

Reading order: `config`, `module` (one step), `train` (the whole).
"""
