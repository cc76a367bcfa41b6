"""The published programme at work: which version holds, and the lists that keep themselves."""
