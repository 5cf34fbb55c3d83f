"""This machine's answers to the rules: who listens, who answers, where a name leads."""
