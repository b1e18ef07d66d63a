"""One file per kind of question that the page asks; each has `router(session)`."""
