#!/usr/bin/env python3
"""Bits that flip in what is fetched and in what the low side holds: named with both digests, kept back, and whole again once they are right."""
import hashlib
import re

from faults import check, check_alert, check_whole, drop_contents, events, main, pair, poll_again, send_again_until_whole, wait_until_idle
from rig import Rig
from scene import Scene, check_apt

DIGESTS = re.compile("[0-9a-f]{40,}")


def alert_with_both_digests(rig, name, *words):
    check_alert(rig, "low", name, *words)
    line = events(rig, "low", name, *words)[0]
    check(len(set(DIGESTS.findall(line))) >= 2, f"{name} does not name both digests: {line}")


def flips_in_fetched_files():
    """One bit of a tarball, of a package, of an index and of a listed file: the rest crosses where it can, and nothing wrong does."""
    with Scene() as scene:
        listed = scene.folder / "static/listed.bin"
        other = scene.folder / "static/other.bin"
        for file in (listed, other):
            file.write_bytes(scene.dice.randbytes(300_000))
        addresses = scene.folder / "list"
        addresses.write_text("".join(f"{hashlib.sha256(f.read_bytes()).hexdigest()}  http://127.0.0.1:{scene.port}/static/{f.name}  {f.name}\n"
                                     for f in (listed, other)))
        low = scene.sources(kinds=("npm", "apt")) + [("[files]", {"name": "list", "collection": "list", "list": addresses, "interval": "1h"})]
        with Rig(low_extra=low) as rig:
            rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})])
            scene.wait_until_up(rig)
            faults = ("/npm/pkg-3/-/", "/static/debian/pool/main/libtool-two", "/static/listed.bin")
            for path in faults:
                scene.fault(rig, path, "flip")
            rig.start("high")
            rig.start("low")
            rig.wait_until(lambda: all(s["polls"] + s["failures"] > 0 for s in rig.status("low")["sources"]), "all were polled")
            for name in ("pkg-3", "libtool-two", "listed.bin"):
                alert_with_both_digests(rig, "verify.refused", name)
            check(rig.metric("low", "sluice_quarantined_files_total") >= 3, "not all are in quarantine")
            notes = "".join(p.read_text() for p in (rig.folder / "low/state/quarantine").glob("*.json"))
            check(all(name in notes for name in ("pkg-3", "libtool-two", "listed.bin")), "the notes do not name them")
            rig.wait_until(lambda: rig.get("/files/list/other.bin")[0] == 200, "the rest of the list crosses")
            check(rig.get("/files/list/listed.bin")[0] == 404 and rig.get("/npm/pkg-3")[0] == 404, "something wrong is visible")
            for path in faults:
                scene.fault(rig, path, "none")
            for source in range(3):
                poll_again(rig, source)
            rig.wait_until_crossed()
            check(rig.get("/files/list/listed.bin")[2] == listed.read_bytes(), "the listed file is another")
            check_whole(rig, scene, ("npm",))
            check_apt(rig, scene)


def flip_in_an_index():
    """Of an archive: its digest or its signature does not hold, and what is mirrored stays as it was."""
    with pair(("apt",)) as (rig, scene):
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        scene.debian.add("later")
        scene.debian.publish()
        for path, reason in (("/static/debian/dists/stable/main/binary-amd64/", "digest"), ("/static/debian/dists/stable/InRelease", "signature")):
            scene.fault(rig, path, "flip")
            poll_again(rig)
            rig.wait_until(lambda r=reason: rig.metric("low", f'sluice_upstream_rejected_total{{reason="{r}"}}') > 0, f"{reason} is counted")
            state = rig.status("low")["sources"][0]
            check(state["last_error"] or state["problems"], "the status does not name it")
            check_apt(rig, scene)
            scene.fault(rig, path, "none")
        poll_again(rig)
        rig.wait_until_crossed()
        check_apt(rig, scene)


def flip_in_the_spool():
    """A file of the low side rots before it is sent: both sides name it, and it crosses once it is right."""
    with pair() as (rig, scene):
        rig.start("low")  # nobody listens: the first pass is lost
        wait_until_idle(rig)
        big = drop_contents(scene)["sub dir/big.bin"]
        digest = hashlib.sha256(big).hexdigest()
        file = rig.folder / f"low/state/spool/blobs/{digest[:2]}/{digest[2:4]}/{digest}"
        content = bytearray(file.read_bytes())
        content[1_000_000] ^= 4
        file.write_bytes(content)
        rig.start("high")
        rig.wait_until_listening()
        rig.run("low", "resend", "1")
        check_alert(rig, "low", "transmit.blob_damaged", digest, hashlib.sha256(content).hexdigest(), "cure=")
        check(rig.metric("low", "sluice_transmit_missing_blobs_total") > 0, "it is not counted")
        check_alert(rig, "high", "blob.bad", digest, hashlib.sha256(content).hexdigest())
        rig.wait_until(lambda: digest[:8] in rig.run("high", "gaps").stdout or "big.bin" in rig.run("high", "gaps").stdout, "the gap names it")
        check(rig.published() == 0 and rig.get("/files/drop/empty")[0] == 404, "a part of the shipment is visible")
        file.write_bytes(big)
        send_again_until_whole(rig, scene)


if __name__ == "__main__":
    main([flips_in_fetched_files, flip_in_an_index, flip_in_the_spool])
