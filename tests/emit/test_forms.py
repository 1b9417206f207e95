"""The encoder against the GNU assembler: both encodings of each instruction must disassemble to the same text."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUMPER = ROOT / "build" / "tests" / "test_emit_forms"


def disassembly(source, out):
    subprocess.run(["as", "--64", "-o", out, source], check=True)
    text = subprocess.run(["objdump", "-d", "-Mintel", "--no-show-raw-insn", out], check=True, capture_output=True, text=True).stdout
    lines = [line.split("\t", 1)[1] for line in text.splitlines() if re.match(r"\s*[0-9a-f]+:\t", line)]
    # a shift by one has two encodings, which are printed differently
    return [re.sub(r",0x1$", ",1", re.sub(r"\s*#.*", "", re.sub(r"\s+", " ", line)).strip()) for line in lines]


@pytest.mark.skipif(not (shutil.which("as") and shutil.which("objdump") and DUMPER.exists()), reason="needs binutils and make ctests")
def test_every_form_disassembles_to_what_was_meant(tmp_path):
    said = subprocess.run([DUMPER, "dump", tmp_path], check=True, capture_output=True, text=True).stdout
    count = int(re.search(r"(\d+) instructions", said).group(1))
    ours = disassembly(tmp_path / "ours.s", tmp_path / "ours.o")
    theirs = disassembly(tmp_path / "theirs.s", tmp_path / "theirs.o")
    differing = [pair for pair in zip(ours, theirs) if pair[0] != pair[1]]
    assert not differing[:20]
    assert len(ours) == len(theirs) == count > 10000
