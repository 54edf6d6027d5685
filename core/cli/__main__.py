"""``python -m core.cli``: the command without its script, for processes that it starts itself."""

import importlib

importlib.import_module("wsgi").main()
