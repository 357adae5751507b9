"""How Horizon is drawn, captioned, trained and measured. Imports core and engine, never Qt."""
