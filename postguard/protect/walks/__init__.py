"""Walks over the blocks of finished files, one module for each format, for `privacy`."""

from postguard.protect.walks.reader import Blocks, Reader, Stray

__all__ = ["Blocks", "Reader", "Stray"]
