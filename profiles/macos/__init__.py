"""macOS: its native seams."""
