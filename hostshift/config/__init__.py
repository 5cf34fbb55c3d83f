"""What the user has set, in variables, files and code."""
