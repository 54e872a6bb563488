"""argv to calls. Commands import what they need when they run, so that `--help` starts at once."""
