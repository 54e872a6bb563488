"""The parts of the SSIMULACRA2 metric; `postguard.imaging.visibility` joins them."""
