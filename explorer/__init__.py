"""Pictures and pages of a store."""
