"""postguard: protects finished art against AI training and image-to-image use, then posts it."""
