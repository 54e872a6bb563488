"""Opens anything a painter exports as sRGB pixels; the only package that decodes pictures.

`opening` decides what may be opened and decodes it whole, `colour` makes it 8-bit sRGB, `words`
reads what the artist wrote into the file, `picture` is what everybody else works on.
"""

from postguard.imaging.opening import inspect, open_picture, read
from postguard.imaging.picture import Picture, flatten, from_image, to_image

__all__ = ["Picture", "flatten", "from_image", "inspect", "open_picture", "read", "to_image"]
