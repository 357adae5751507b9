"""What makes pictures: the sampling loop on diffusers' components. Imports only core."""
