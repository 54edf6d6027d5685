"""Arrays in, arrays out: no file, no database, no clock.

``streets`` checks the walking network, ``snap`` puts homes and outlets on it, ``reach`` walks,
``walks`` holds the unit of time, ``coverage`` counts people, ``gaps`` groups who is left out.
"""

VERSION = "2"  # named in each run's fingerprint; raised when any answer of this room may change
