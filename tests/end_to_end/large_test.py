#!/usr/bin/env python3
"""A layer, and a file of the drop folder, much larger than what the daemons may take of memory: each crosses whole, its transfer from the registry is taken up where it
broke off, and it is served in parts. tests/large.sh runs it with sizes that only the disk limits."""
import hashlib
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from oci_registry import CONFIG, LAYER, MANIFEST, Image, Store, descriptor
from rig import Rig, check, free_port, main, run

HERE = pathlib.Path(__file__).resolve().parent
BYTES = int(os.environ.get("SLUICE_LARGE_BYTES", 1 << 30))
MEMORY = 320 << 20  # of each daemon at most, whatever the file's size; the kernel's page cache is not the daemon's
STRIPE, EVERY = 1 << 20, 64 << 20  # of random bytes, and how often: between them is a hole
PIECE = 4 << 20
NAME = "registry.example.org"


def write_sparse(path):
    """The SHA-256 of what was written, in hex."""
    dice = random.Random(11)
    with open(path, "wb") as file:
        file.truncate(BYTES)
        for place in range(0, BYTES - STRIPE, EVERY):
            file.seek(place)
            file.write(dice.randbytes(STRIPE))
        file.seek(BYTES - 5)
        file.write(b"tail.")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def read_on(rig, path, first, most, digest):
    """Reads at most `most` bytes from `first` on, as a client does that goes on where it broke off; then closes."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.serve, timeout=300)
    connection.request("GET", path, headers={"Range": f"bytes={first}-"} if first else {})
    answer = connection.getresponse()
    check(answer.status == (206 if first else 200), f"{path} answered {answer.status}")
    check(not first or answer.headers["Content-Range"] == f"bytes {first}-{BYTES - 1}/{BYTES}", f"another part: {answer.headers}")
    got = 0
    while got < most and (piece := answer.read(min(PIECE, most - got))):
        digest.update(piece)
        got += len(piece)
    connection.close()
    return got


def check_served(rig, path, expected):
    digest = hashlib.sha256()
    half = read_on(rig, path, 0, BYTES // 2, digest)
    rest = read_on(rig, path, half, BYTES, digest)
    check(half + rest == BYTES and digest.hexdigest() == expected, f"{path}: {half} + {rest} bytes, of {BYTES}, or other ones")


def check_memory(rig):
    for side in ("low", "high"):
        status = pathlib.Path(f"/proc/{rig.pid(side)}/status").read_text().splitlines()
        peak = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
        print(f"{side}: at most {peak >> 20} MiB")
        check(peak <= MEMORY, f"the {side} side took {peak >> 20} MiB of memory for a file of {BYTES >> 20} MiB")


def cross(rig):
    rig.start("high")
    rig.start("low")
    rig.wait_until_crossed()
    check("no gaps" in rig.run("high", "gaps").stdout, "there are gaps")


def layer():
    with tempfile.TemporaryDirectory(prefix="sluice-large-") as place:
        folder = pathlib.Path(place)
        store, port = Store(folder / "store"), free_port()
        digest = "sha256:" + write_sparse(folder / "blob")
        (folder / "blob").rename(store.folder / "blobs" / digest)
        config = b"{}"
        store.put(Image({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
                         "layers": [{"mediaType": LAYER, "digest": digest, "size": BYTES}]}, MANIFEST, [config]), ["1"])
        store.behave(open=True, cut={digest: BYTES // 3})
        registry = subprocess.Popen([sys.executable, str(HERE / "oci_registry.py"), str(port), str(store.folder)], stdin=subprocess.DEVNULL)
        source = ("[oci]", {"name": "images", "registry": f"http://127.0.0.1:{port}", "serve_as": NAME, "interval": "1h", "want": ["large:1"]})
        try:
            with Rig(low_extra=[source], rate="1Gbit/s") as rig:
                rig.wait_until(lambda: run("curl", "-s", f"http://127.0.0.1:{port}/v2/", ok=False).returncode == 0, "the registry answers")
                cross(rig)
                log = json.loads(run("curl", "-s", f"http://127.0.0.1:{port}/log").stdout)
                asked = [entry["range"] for entry in log if entry["path"].endswith(digest)]
                check(asked == [None, f"bytes={BYTES // 3}-"], f"the layer was asked for as {asked}")
                check_served(rig, f"/v2/{NAME}/large/blobs/{digest}", digest.removeprefix("sha256:"))
                check_memory(rig)
        finally:
            registry.kill()
            registry.wait()


def file():
    with tempfile.TemporaryDirectory(prefix="sluice-large-") as place:
        folder = pathlib.Path(place)
        digest = write_sparse(folder / "large.bin")
        source = ("[files]", {"name": "drop", "collection": "drop", "folder": folder, "settle": "0s", "interval": "1h"})
        with Rig(low_extra=[source], rate="1Gbit/s") as rig:
            cross(rig)
            check_served(rig, "/files/drop/large.bin", digest)
            check_memory(rig)


if __name__ == "__main__":
    main([layer, file])
