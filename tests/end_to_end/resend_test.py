#!/usr/bin/env python3
"""What the high side missed is carried to the low side as a code, as a person would type it, and closes the gap."""
import hashlib
import json
import re
import shutil
import signal

from rig import Rig, check, main
from scene import Scene, check_files, drop_contents


def code_of(rig):
    lines = rig.run("high", "gaps", "--code").stdout.splitlines()
    check(len(lines) == 1 and lines[0].startswith("On the low side of rig: sluice-low resend "), f"gaps --code prints {lines}")
    code = lines[0].rpartition(" ")[2]
    check(len(code) <= 80 and re.fullmatch(r"[0-9A-HJKMNP-TV-Z-]+", code), f"'{code}' is no code")
    return code


def send_shipments(rig, scene, count):
    """One with what lies in the drop folder, the others of a new file each."""
    for number in range(1, count + 1):
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == number, f"shipment {number} is made")
        if number < count:
            (scene.drop / f"file-{number}").write_bytes(scene.dice.randbytes(5000))
            rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(lambda: rig.status("low")["spool"]["pending_passes"] == 0, "all is sent")


def a_code_closes_the_gap():
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("files",))) as rig:
        rig.start("low")
        send_shipments(rig, scene, 4)
        originals = drop_contents(scene)
        rig.start("high")
        rig.wait_until(lambda: rig.status("high")["gaps"] > 0, "the gap is known")
        last = rig.status("low")["spool"]["last_sequence"]
        code = code_of(rig)
        # The same on /gaps and on the status page.
        gaps = json.loads(rig.http(rig.high_status, "/gaps")[2])
        expected = {"stream": "rig", "shipments": f"1-{last}", "code": code}
        check(gaps["codes"] == [expected], f"/gaps has {gaps['codes']}")
        check(rig.status("high")["resend"] == [expected], f"/status has {rig.status('high')['resend']}")

        wrong = ("A" if code[5] != "A" else "B").join((code[:5], code[6:])) if code[5] != "-" else code[:6] + ("A" if code[6] != "A" else "B") + code[7:]
        done = rig.run("low", "resend", wrong, ok=False)
        check(done.returncode == 1 and "group 2" in done.stderr, f"a wrong group 2 is answered {done.returncode} {done.stderr}")
        check(rig.status("low")["spool"]["pending_passes"] == 0, "a wrong code sends something")

        typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l").split(" ")
        done = rig.run("low", "resend", *typed)
        check(f"{last} shipments" in done.stdout, f"resend prints {done.stdout}")
        rig.wait_until_published(last)
        check_files(rig, scene, originals)
        check(rig.run("high", "gaps", "--code").stdout == "no gaps\n", "a gap stays")


def a_code_of_another_stream_is_refused():
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("files",))) as rig:
        rig.start("low")
        send_shipments(rig, scene, 1)
        rig.start("high")
        rig.wait_until(lambda: rig.status("high")["gaps"] > 0, "the gap is known")
        code = code_of(rig)
        rig.stop("low")
        rig.configure("low", scene.sources(kinds=("files",)), override={"daemon": {"stream": "other", "state": rig.folder / "low/other"}})
        rig.start("low")
        done = rig.run("low", "resend", code, ok=False)
        check(done.returncode == 1 and "belongs to another stream" in done.stderr and "codes of other begin with" in done.stderr, done.stderr)


def wait_until_all_is_here(rig, scene):
    last = rig.status("low")["spool"]["last_sequence"]
    rig.wait_until_published(last)
    check_files(rig, scene, drop_contents(scene))
    check(rig.run("high", "gaps").stdout == "no gaps\n", f"gaps: {rig.run('high', 'gaps').stdout}")


def a_high_side_that_starts_from_nothing_is_served_by_the_carousel():
    """Nobody asks for anything: what was sent long before comes round again. A second one, which has lost its disk, too."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("files",)), spool={"carousel": "2s"}) as rig:
        rig.start("low")
        send_shipments(rig, scene, 5)
        for _ in range(2):
            rig.start("high")
            wait_until_all_is_here(rig, scene)
            rig.stop("high")
            shutil.rmtree(rig.folder / "high/state")
            (rig.folder / "high/state").mkdir()
        check(rig.metric("low", "sluice_link_last_shipment") == 5, "the carousel counts as something new")


def resend_all_begins_at_once():
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("files",)), spool={"carousel": "0s"}) as rig:
        rig.start("low")
        send_shipments(rig, scene, 3)
        rig.start("high")
        rig.wait_until(lambda: rig.status("high")["gaps"] > 0, "the gap is known")
        done = rig.run("low", "resend", "all")
        check("3 shipments" in done.stdout, f"resend all prints {done.stdout}")
        wait_until_all_is_here(rig, scene)
        rig.wait_until(lambda: rig.status("low")["spool"]["carousel_left"] == 0, "the round ends")


def spooled(rig, content):
    digest = hashlib.sha256(content).hexdigest()
    return rig.folder / "low/state/spool/blobs" / digest[:2] / digest[2:4] / digest


def what_the_spool_lost_is_fetched_again():
    """A file that was fetched is gone from the spool's disk. A resend brings it from its upstream; what that has no more is named."""
    with Scene() as scene:
        contents = {name: scene.dice.randbytes(300_000) for name in ("stays.bin", "goes.bin")}
        lines = []
        for name, content in contents.items():
            (scene.folder / "static" / name).write_bytes(content)
            lines.append(f"{hashlib.sha256(content).hexdigest()}  http://127.0.0.1:{scene.port}/static/{name}\n")
        listed = scene.folder / "list"
        listed.write_text("".join(lines))
        source = ("[files]", {"name": "listed", "collection": "listed", "list": listed, "interval": "1h"})
        with Rig(low_extra=[source]) as rig:
            scene.wait_until_up(rig)
            rig.start("low")
            rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == 1 and rig.status("low")["spool"]["pending_passes"] == 0, "it is sent")
            for content in contents.values():
                spooled(rig, content).unlink()
            (scene.folder / "static/goes.bin").unlink()
            done = rig.run("low", "scrub", ok=False)
            check(done.stdout.count("fetched again and sent by: sluice-low resend 1") == 2, f"scrub says {done.stdout}")
            rig.start("high")
            rig.wait_until_listening()
            rig.run("low", "resend", code_of(rig))
            rig.wait_until(lambda: rig.status("low")["spool"]["pending_passes"] == 0, "what there is has been sent")
            check(spooled(rig, contents["stays.bin"]).read_bytes() == contents["stays.bin"], "other bytes came back")
            check(rig.metric("low", 'sluice_refetched_blobs_total{result="fetched"}') == 1, "not one was fetched")
            check("refetch.failed" in rig.log("low") and "goes.bin" in rig.log("low"), "what the upstream has no more is not named")
            rig.wait_until(lambda: "waiting-for-blobs" in rig.run("high", "gaps").stdout, "the high side has the manifest")
            gaps = rig.run("high", "gaps").stdout
            check("goes.bin" in gaps and "stays.bin" not in gaps, f"gaps says {gaps}")
            (scene.folder / "static/goes.bin").write_bytes(contents["goes.bin"])
            rig.run("low", "resend", "1")
            rig.wait_until_published(1)
            for name, content in contents.items():
                code, _, body = rig.get(f"/files/listed/{name}")
                check(code == 200 and body == content, f"{name} answered {code}")


if __name__ == "__main__":
    main([a_code_closes_the_gap, a_code_of_another_stream_is_refused, a_high_side_that_starts_from_nothing_is_served_by_the_carousel, resend_all_begins_at_once,
          what_the_spool_lost_is_fetched_again])
