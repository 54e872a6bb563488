"""Mastodon and its relatives. The only home of Mastodon.py, which is loaded at its first use."""
