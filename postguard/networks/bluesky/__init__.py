"""Bluesky: an account on any PDS. The only home of atproto, which is loaded at its first use."""
