"""The Flask core: takes data in, measures coverage, judges it, keeps and serves the result.

Rooms, from the ground up: ``policy config errors`` | ``kernel contract embedded`` |
``store db`` | ``catalog`` | ``services`` | ``runs intake`` | ``jobs kit`` | ``access`` |
``web api`` | ``app facade`` | ``demo`` | ``cli``. A room imports only rooms below it;
import-linter holds this in a test.
"""

__version__ = "0.1.0"
