"""Latent Studio: a desktop image studio in which latent space is the material."""

__version__ = "0.1.0"
