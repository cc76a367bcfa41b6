"""`bihuan demo`: five stories on a moved clock, through the real engine and a private database, then replayed."""
