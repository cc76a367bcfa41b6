"""Imports of lists and of existing histories: a dry run first, then everything or nothing, and a way back."""
