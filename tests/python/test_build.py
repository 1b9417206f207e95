"""What is built: symbols exported, thread-local memory, hardening, size."""
import pathlib
import re
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PT_TLS, PT_GNU_STACK, PT_GNU_RELRO = 7, 0x6474E551, 0x6474E552


def extension():
    found = sorted((ROOT / "python" / "cuirax").glob("_core*.so"))
    assert found, "the extension is not built"
    return found[0]


def segments(path):
    """{type: (flags, bytes in memory)} of an ELF file."""
    data = path.read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", data, offset + i * size) for i in range(count)]
    return {h[0]: (h[1], h[6]) for h in headers}


def symbols(path):
    out = subprocess.run(["nm", "-D", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines()}


def test_thread_local_memory_is_small():
    """A library opened at run time gets few hundred bytes of fast thread-local memory."""
    assert segments(extension()).get(PT_TLS, (0, 0))[1] <= 256


@pytest.mark.parametrize("name", ["extension", "library"])
def test_hardened(name):
    path = extension() if name == "extension" else ROOT / "build" / "libcuirax.so"
    found = segments(path)
    assert PT_GNU_RELRO in found
    assert found[PT_GNU_STACK][0] & 1 == 0, "the stack is executable"


def test_extension_exports_its_entry_only():
    assert symbols(extension()) == {"PyInit__core"}


def test_library_exports_public_functions_only():
    names = symbols(ROOT / "build" / "libcuirax.so")
    assert {"cx_sin", "cx_jit", "cx_value_and_grad", "cx_np_sum"} <= names
    assert all(re.fullmatch(r"cx_[a-z0-9_]+", n) for n in names), sorted(names)[:20]
    assert not {"cx_malloc", "cx_op_ADD"} & names


def test_size(tmp_path):
    small = tmp_path / "small.so"
    subprocess.run(["strip", "-o", str(small), str(extension())], check=True)
    assert small.stat().st_size < 25e6
