"""churnlab: who leaves, who buys again, how they answer to price, what satisfies them.

Submodules load when they are first used, so that ``import churnlab`` stays quick.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "datasets",
    "display",
    "drivers",
    "elasticity",
    "engines",
    "errors",
    "features",
    "inference",
    "likelihood",
    "progress",
    "repurchase",
    "simulate",
    "studies",
    "survival",
    "tables",
    "theme",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"churnlab.{name}")
    raise AttributeError(f"module 'churnlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
