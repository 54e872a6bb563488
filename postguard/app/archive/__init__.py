"""A whole tree of pictures, protected into another one; nothing is posted."""
