"""Reads back what a network serves of a picture, and measures what is left of its protection."""
