"""The vendors' import name, packaged as ``lifecircle``: the contract and nothing else."""

from core.contract import *  # noqa: F403 - the façade re-exports exactly the contract's names
from core.contract import __all__ as __all__
