"""What is on disk, and what crosses the walls between rooms: Arrow schemas and frozen dataclasses."""
