"""Where one format should be offered next: hosts and new sites side by side."""
