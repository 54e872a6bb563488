"""One module for each network: the only places that know atproto and Mastodon.py."""
