"""What programs ask of the package jaxlib: its version."""
__version__ = "0.10.2"
