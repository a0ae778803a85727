# SPDX-License-Identifier: Apache-2.0
"""unpack-kernel.py BZIMAGE VMLINUX: the ELF kernel in a bzImage, which boots by its PVH entry.

Decompressing itself is a good part of the boot time of a kernel in an emulator.
"""

import lzma
import subprocess
import sys
import zlib


def command(*words):
    return lambda data: subprocess.run(
        words, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    ).stdout


FORMATS = (
    (b"\xfd7zXZ\0", lambda data: lzma.LZMADecompressor().decompress(data)),
    (b"\x28\xb5\x2f\xfd", command("zstd", "-dqc")),
    (b"\x02\x21\x4c\x18", command("lz4", "-dqc")),
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
)


def unpack(image):
    for magic, decompress in FORMATS:
        place = image.find(magic)
        while place >= 0:
            try:
                kernel = decompress(image[place:])
            except (lzma.LZMAError, zlib.error):
                kernel = b""
            if kernel.startswith(b"\x7fELF"):
                return kernel
            place = image.find(magic, place + 1)
    return sys.exit(f"no compressed ELF kernel in {sys.argv[1]}")


with open(sys.argv[1], "rb") as source:
    KERNEL = unpack(source.read())
with open(sys.argv[2], "wb") as target:
    target.write(KERNEL)
