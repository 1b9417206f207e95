"""lax.fft and the kinds of transform."""
import enum

from .. import _core


class FftType(enum.IntEnum):
    FFT = 0
    IFFT = 1
    RFFT = 2
    IRFFT = 3


def fft(x, fft_type, fft_lengths):
    """The discrete Fourier transform of a kind (FftType or its name) over the last axes, of which the lengths are given."""
    if isinstance(fft_type, str):
        if fft_type.upper() not in FftType.__members__ or fft_type not in (fft_type.upper(), fft_type.lower()):
            raise ValueError(f"Unknown FFT type '{fft_type}'")
        fft_type = FftType[fft_type.upper()]
    elif not isinstance(fft_type, FftType):
        raise TypeError(f"Unknown FFT type value '{fft_type}'")
    return _typed(x, int(fft_type), tuple(fft_lengths))


_typed = _core.api("lax")["fft_typed"]
