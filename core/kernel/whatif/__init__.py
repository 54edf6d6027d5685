"""What if: outlets and ways added, moved, closed and undone, walks kept right."""
