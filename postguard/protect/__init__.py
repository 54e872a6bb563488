"""From an Artwork to its Renditions: runs a recipe's steps, encodes, audits the final bytes."""
