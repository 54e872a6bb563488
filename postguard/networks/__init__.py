"""A folder for each network: the only places that know atproto and Mastodon.py."""
