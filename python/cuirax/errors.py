"""jax.errors: the exception classes, made in C."""
from ._core import (ConcretizationTypeError, InconclusiveDimensionOperation, JAXIndexError, JAXTypeError, JaxRuntimeError, KeyReuseError,
                    NonConcreteBooleanIndexError, TracerArrayConversionError, TracerBoolConversionError, TracerIntegerConversionError,
                    UnexpectedTracerError)
