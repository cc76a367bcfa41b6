"""The commands of `bihuan`, one module for each group; `api/cli.py` puts them together."""
