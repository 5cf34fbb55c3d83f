"""Applications as people write them, copied into a container and served there."""
