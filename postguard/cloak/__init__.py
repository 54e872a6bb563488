"""Perturbations against encoders. `runner` is the parent side; the rest runs in a child process."""
