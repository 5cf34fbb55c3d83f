"""Configuration files: find the texts in them, and write others in their place. Pure."""
