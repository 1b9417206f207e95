"""Builds the extension with the Makefile, so that wheels and checkouts are made by the same rules."""
import os
import pathlib
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent


class MakeExtension(build_ext):
    def build_extension(self, ext):
        target = ROOT / self.get_ext_fullpath(ext.name)
        made = (ROOT / self.build_temp / "made").resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["make", "-C", str(ROOT), f"-j{os.cpu_count() or 1}", "ext", f"PYTHON={sys.executable}",
                        f"BUILD={made.parent / 'make'}", f"EXT_DIR={made}", "CFLAGS=-g0"], check=True)
        shutil.copy2(made / target.name, target)


setup(ext_modules=[Extension("cuirax._core", [])], cmdclass={"build_ext": MakeExtension})
