"""The latent canvas: its plane, its controls, and what joins them to the session and the engine."""
