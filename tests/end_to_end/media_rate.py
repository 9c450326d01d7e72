#!/usr/bin/env python3
"""The measurement of tests/media.sh: not a test of its own, because its result is the machine's."""
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import rig as rigs
from rig import Rig, check, run

GIGABYTE = 10**9
PAGE = 4096
PATTERN = 64 << 20
LARGEST = 20 * GIGABYTE  # of a file


def memory(rig, side):
    """The most that the daemon ever held, in MiB."""
    status = pathlib.Path(f"/proc/{rig.pid(side)}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def forget(*places):
    """Out of the page cache, as what does not fit memory is: what is written waits for the disk, what is read comes from it."""
    for place in places:
        for path in [place] if place.is_file() else (found for found in place.rglob("*") if found.is_file()):
            descriptor = os.open(path, os.O_RDONLY)
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def timed(action):
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def generate(folder, size, random):
    """Files of which so many bytes of each page are random. What repeats is farther apart than a block is long, so that nothing finds it; a file system that shares
    what was copied holds it once."""
    pattern = folder.parent / "pattern"
    pattern.write_bytes(b"".join(os.urandom(random) + bytes(PAGE - random) for _ in range(PATTERN // PAGE)))
    with open(pattern, "rb") as source:
        for number, begin in enumerate(range(0, size, LARGEST)):
            with open(folder / f"large-{number}.bin", "wb") as file:
                file.write(os.urandom(PAGE))  # no two are equal
                file.flush()
                while (left := min(LARGEST, size - begin) - file.tell()) > 0:
                    file.seek(os.copy_file_range(source.fileno(), file.fileno(), min(left, PATTERN), 0), os.SEEK_CUR)
    pattern.unlink()


def measure(size, random, drop, folder):
    generate(drop, size, random)
    large = sorted(drop.iterdir())

    def own():
        """Bytes a second that the disk takes for a copy of the first file, at this moment: measured beside each, because neighbours change it."""
        forget(large[0])
        taken = timed(lambda: (shutil.copyfile(large[0], folder / "copy"), run("sync", folder / "copy")))
        (folder / "copy").unlink()
        return large[0].stat().st_size / taken

    source = ("[files]", {"name": "drop", "collection": "drop", "folder": drop, "settle": "0s", "interval": "1h"})
    with Rig(low_extra=[source], rate="1Mbit/s", spool={"keep_bytes": "2TB"}) as rig:  # the link hardly works beside it
        rig.start("low")
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == 1, "the files are in the spool")
        before, copies = memory(rig, "low"), [own()]
        out = rig.folder / "out"
        forget(rig.folder / "low/state")
        exporting = timed(lambda: rig.run("low", "export", "--to", out, "--all", "--size", "2T"))
        peak = memory(rig, "low")
        rig.stop("low")
        shutil.rmtree(rig.folder / "low/state")
        copies.append(own())
        rig.start("high")
        idle = memory(rig, "high")
        forget(out)
        importing = timed(lambda: rig.run("high", "import", out))
        copies.append(own())
        print(f"{size / GIGABYTE:.1f} GB   the disk's own: " + ", ".join(f"{rate / 1e6:.0f}" for rate in copies) + " MB/s before, between and after")
        for what, taken, beside, memories in (("export", exporting, copies[:2], (before, peak)), ("import", importing, copies[1:], (idle, memory(rig, "high")))):
            print(f"  {what} {size / taken / 1e6:.0f} MB/s, {size / taken / (sum(beside) / 2):.2f} of the disk's own beside it; memory {memories[0]} MiB before, {memories[1]} MiB at the most")
        for file in large:
            code, headers, _ = rig.get(f"/files/drop/{file.name}", method="HEAD")
            check(code == 200 and int(headers["content-length"]) == file.stat().st_size, f"{file.name} answers {code}")
        rig.stop("high", signal.SIGKILL)


if __name__ == "__main__":
    rigs.LIMIT_SECONDS = 36000
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-media-"))
    try:
        (folder / "drop").mkdir()
        measure(int(float(sys.argv[1]) * GIGABYTE), int(sys.argv[2]), folder / "drop", folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
