"""``make demo``: one program, six places, the same two ``localhost`` strings."""
