"""Who runs the installation, what happened in it, and sign-in by way of other houses."""
