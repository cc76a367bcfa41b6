"""Evidence that an outsider can check: the tree over all events, signed checkpoints, the journal, bundles and their verifier."""
