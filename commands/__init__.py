"""The command line, a file per group of verbs. A command parses, calls one function, prints."""
