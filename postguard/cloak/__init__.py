"""Draws a picture away from what models read in it; torch lives only in the child process."""
