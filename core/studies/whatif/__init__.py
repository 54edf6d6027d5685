"""What if outlets, hours, ways or gates of a run were others: edits, and what they come to."""
