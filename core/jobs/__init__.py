"""Work outside the request: rows that wait, a queue that only wakes, workers that claim."""
