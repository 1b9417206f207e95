"""Cuirax: a JAX-compatible array system whose core is a C library."""
from ._hook import install, uninstall

__version__ = "0.10.2"
