"""What the cloak does with Stable Diffusion's weights, where the artist has them."""
