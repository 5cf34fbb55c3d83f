"""From a connection string to its answer: drive the rules, remember, and log what changed."""
