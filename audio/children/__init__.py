"""Decoding in processes of its own: a file that nobody has checked can crash, hang or bloat no other.

Reading order: `protocol` (what is said over the pipes), `worker` (the child), `bounds` (what it may use), `tied` (a
process that ends with its parent), `child` (the parent's side of one), `staff` (how many there are), `pool` (what is
asked of them).
"""
