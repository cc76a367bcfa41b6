"""What auditors ask over HTTP, within the regions of their post."""
