#!/usr/bin/env python3
"""A bit flips in what is stored: scrub names it, nothing wrong is served, and one command on the low side brings it back bit for bit."""
import hashlib
import json
import subprocess

from rig import Rig, check, main
from scene import Scene, check_files, check_npm, drop_contents

SMALL = "small.bin"
BIG = "sub dir/big.bin"


def flip_bit(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


def stored_file(state, content):
    digest = hashlib.sha256(content).hexdigest()
    return state / "blobs" / digest[:2] / digest[2:4] / digest


def flip_inline(state, content):
    """A bit in the middle of a value of the index; True if a file of the index holds it."""
    for path in (state / "index").glob("*.blob"):
        at = path.read_bytes().find(content)
        if at >= 0:
            flip_bit(path, at + len(content) // 2)
            return True
    return False


def listed(rig):
    code, _, body = rig.get("/files/drop/", headers={"Accept": "application/json"})
    check(code == 200, f"the listing answered {code}")
    return {entry["name"] for entry in json.loads(body)["entries"]}


def high_side_heals():
    with Scene() as scene:
        (scene.drop / SMALL).write_bytes(scene.dice.randbytes(20_000))
        with Rig(low_extra=scene.sources(kinds=("files", "npm"))) as rig:
            scene.wait_until_up(rig)
            originals = drop_contents(scene)
            state = rig.folder / "high/state"
            rig.start("high")
            rig.start("low")
            rig.wait_until_crossed()
            done = rig.run("high", "scrub")
            check(", 0 damaged" in done.stdout, f"a whole store is said to be damaged:\n{done.stdout}")
            # The first restart moves what is in the log into files.
            for _ in range(2):
                rig.stop("high")
                rig.start("high")
            rig.stop("high")
            flip_bit(stored_file(state, originals[BIG]), 1_234_567)
            check(flip_inline(state, originals[SMALL]), "the small blob is in no file of the index")
            rig.start("high")

            done = rig.run("high", "scrub", ok=False)
            check(done.returncode == 1, f"scrub exited {done.returncode}:\n{done.stdout}\n{done.stderr}")
            for name in (BIG, SMALL):
                lines = [line for line in done.stdout.split("\n") if f"file drop/{name}" in line]
                check(len(lines) == 1 and "sluice-low resend" in lines[0] and "carried by rig/" in lines[0],
                      f"scrub does not name {name}, its shipment and the cure:\n{done.stdout}")
            for name in (BIG, SMALL):
                code, _, body = rig.get("/files/drop/" + name.replace(" ", "%20"))
                check(code == 503 and b"damaged" in body, f"{name} answered {code}")
            check(listed(rig) == {"empty"}, f"{listed(rig)} are listed")
            gaps = rig.run("high", "gaps").stdout
            check("damaged" in gaps and BIG.split("/")[-1] in gaps, f"gaps does not name what is damaged:\n{gaps}")
            check(rig.metric("high", "sluice_damaged_blobs_total") == 2 and rig.metric("high", "sluice_lost_blobs") == 2, "the counters differ")
            code, _, body = rig.http(rig.high_status, "/healthz")
            check(code == 503 and b"damaged" in body, f"/healthz answered {code} {body}")
            # It is known over a restart too.
            rig.stop("high")
            rig.start("high")
            check(rig.get("/files/drop/" + SMALL)[0] == 503, "a restart forgot what is damaged")

            resend = [line for line in rig.run("high", "gaps").stdout.split("\n") if "sluice-low resend" in line]
            check(len(resend) == 1, f"gaps says {resend}")
            rig.wait_until_listening()
            rig.run("low", "resend", resend[0].split("resend ")[1])
            rig.wait_until(lambda: rig.metric("high", "sluice_lost_blobs") == 0, "what was damaged is back")
            check_files(rig, scene, originals)
            check_npm(rig, scene)
            check("empty" in listed(rig) and SMALL in listed(rig), "not all are listed again")
            check(rig.run("high", "gaps").stdout == "no gaps\n", "a gap stays")
            check(", 0 damaged" in rig.run("high", "scrub").stdout, "scrub still finds damage")


def high_side_is_read_while_it_works():
    """A slow scrub runs for as long as anybody likes; shipments cross and are served meanwhile."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("files",))) as rig:
        rig.configure("high", [("store", {"scrub_rate": "64KiB"})])
        (scene.drop / "huge").write_bytes(scene.dice.randbytes(60_000_000))  # a quarter of an hour at this rate
        originals = drop_contents(scene)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        command = subprocess.Popen(rig.command("high", "scrub"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rig.wait_until(lambda: rig.status("high")["scrub"]["running"], "the scrub has begun")
        command.kill()  # it goes on without whoever asked for it
        command.wait()
        rig.configure("low", scene.sources(kinds=("files", "npm")))
        scene.wait_until_up(rig)
        rig.stop("low")
        rig.start("low")
        rig.wait_until_crossed()
        check_files(rig, scene, originals)
        check_npm(rig, scene)
        check(rig.status("high")["scrub"]["running"], "the scrub has ended")
        rig.stop("high")  # at once, although a blob is in hand


def low_side_fetches_again():
    with Scene() as scene:
        with Rig(low_extra=scene.sources(kinds=("files",))) as rig:
            originals = drop_contents(scene)
            rig.start("low")
            rig.wait_until(lambda: rig.status("low")["spool"]["pending_passes"] == 0 and rig.status("low")["spool"]["last_sequence"] == 1, "it is sent")
            check(", 0 damaged" in rig.run("low", "scrub").stdout, "a whole spool is said to be damaged")
            flip_bit(stored_file(rig.folder / "low/state/spool", originals[BIG]), 99)
            done = rig.run("low", "scrub", ok=False)
            check(done.returncode == 1 and "big.bin" in done.stdout and "carried by shipment 1" in done.stdout, f"{done.returncode}\n{done.stdout}")
            # What is damaged is not sent; the rest is.
            rig.start("high")
            rig.wait_until_listening()
            rig.run("low", "resend", "1")
            rig.wait_for_event("low", "transmit.blob_missing")
            rig.wait_until(lambda: "big.bin" in rig.run("high", "gaps").stdout, "the high side names what is missing")


if __name__ == "__main__":
    main([high_side_heals, high_side_is_read_while_it_works, low_side_fetches_again])
