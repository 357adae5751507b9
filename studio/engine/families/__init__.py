"""The architectures beside Stable Diffusion 1 and 2, one file each."""
