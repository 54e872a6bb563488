"""The instant cloak: a secret texture, drawn into the picture by a tiny network; numpy only."""
