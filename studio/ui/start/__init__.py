"""The picture a recipe starts from, in the window: got in, shown, masked, extended, refined."""
