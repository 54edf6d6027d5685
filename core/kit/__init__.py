"""The vendors' test kit; this module stays empty, as pytest loads it in every run."""
