"""From an uploaded file to an immutable dataset version, in stage order; see README here."""
