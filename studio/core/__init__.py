"""What the studio is about: plain values and rules. Imports nothing of ours."""
