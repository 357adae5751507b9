"""What shows and asks: PySide6. Imports core and library, never torch, diffusers or the engine."""
