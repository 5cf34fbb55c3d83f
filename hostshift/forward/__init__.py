"""`hostshift forward`: listen on this namespace's loopback, and carry the bytes to the target."""
