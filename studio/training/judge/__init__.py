"""The judge: a classifier of scene attributes, trained on drawn pictures only, and what it says of generated ones."""
