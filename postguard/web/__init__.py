"""The dashboard: pages on this PC, for its artist alone."""
