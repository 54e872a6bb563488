"""Serialisers of the three metadata blocks that postguard writes: XMP, EXIF and IPTC IIM."""
