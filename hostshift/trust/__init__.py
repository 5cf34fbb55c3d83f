"""Whose files and sockets may decide where credentials go."""
