#!/usr/bin/env python3
"""The link's stream on removable media: exported, carried as folders and ISO images, imported. It ends as the link would have ended."""
import hashlib
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys

from rig import HIGH, Rig, check, main, run
from scene import Scene, check_files, check_npm, drop_contents

SECTOR = 2048
KINDS = ("files",)


def make_shipments(rig, scene, count, size=50_000):
    """One with what lies in the drop folder, the others of a new file each; all of it is sent, to whoever listens."""
    for number in range(1, count + 1):
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == number, f"shipment {number} is made")
        if number < count:
            (scene.drop / f"file-{number}").write_bytes(scene.dice.randbytes(size))
            rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(lambda: rig.status("low")["spool"]["pending_passes"] == 0, "all is sent")


def export(rig, name, *arguments):
    """Into a folder of that name; the volumes and images that were made."""
    folder = rig.folder / name
    done = rig.run("low", "export", "--to", folder, *arguments)
    made = [pathlib.Path(line) for line in done.stdout.splitlines() if line.startswith(str(folder))]
    check(made and "The next export: --since " in done.stdout, f"export prints {done.stdout}")
    return made


def images(made):
    return [path for path in made if path.suffix == ".iso"]


def import_(rig, *places, code=0):
    done = rig.run("high", "import", "--by", "ann", "--carrier", "bob", *places, ok=False)
    check(done.returncode == code, f"import of {[p.name for p in places]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def fresh_high(rig):
    shutil.rmtree(rig.folder / "high/state")
    (rig.folder / "high/state").mkdir()
    rig.start("high")


def ledger(rig):
    """What the high side knows and shows, but for times and for what is the link's alone."""
    stream = next(s for s in rig.status("high")["streams"] if s["name"] == "rig")
    listing = rig.get("/files/drop/")[2]
    gaps = json.loads(rig.http(rig.high_status, "/gaps")[2])
    snapshots = json.loads(rig.http(rig.high_status, "/snapshots")[2])
    return {"published": stream["published_through"], "gaps": gaps["gaps"], "edition": snapshots.get("current"), "listing": hashlib.sha256(listing).hexdigest()}


def images_equal_the_link():
    """All kinds of sources: once by the link, once by an ISO image into an empty high side."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("npm", "files"))) as rig:
        scene.wait_until_up(rig)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        by_link = ledger(rig)
        made = export(rig, "out", "--all", "--size", "cd", "--iso")
        rig.stop("low")
        rig.stop("high")
        fresh_high(rig)
        report = import_(rig, *images(made))
        check("WIPE RECORD" in report and "Carried by     bob" in report, f"import prints {report}")
        check(ledger(rig) == by_link, f"by media {ledger(rig)}, by the link {by_link}")
        check_npm(rig, scene)
        check_files(rig, scene, drop_contents(scene))
        custody = rig.run("high", "import", "--custody").stdout
        check("by ann, carried by bob, exported by root" in custody, f"custody lists {custody}")
        check("import.volume" in rig.log("high") and "export.finished" in rig.log("low"), "nobody logged it")


def any_order_any_way():
    """Volumes last to first, one of them twice, from folders and images, some of it by the link before and after."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        rig.start("low")
        make_shipments(rig, scene, 3, size=1_500_000)
        first = export(rig, "first", "--all", "--size", "5M", "--iso")
        check(len(images(first)) >= 3, f"only {first}")
        rig.stop("low")
        rig.start("high")
        *others, last = images(first)
        import_(rig, last, code=6)
        report = import_(rig, *reversed(others), last, others[0])
        check("are visible" in report, f"import prints {report}")
        check("was imported already" in import_(rig, others[0]), "the second time is not told")
        originals = drop_contents(scene)
        check_files(rig, scene, originals)
        # The link goes on from there.
        rig.start("low")
        rig.wait_until_listening()
        (scene.drop / "by-link").write_bytes(scene.dice.randbytes(10_000))
        rig.send_signal("low", signal.SIGHUP)
        rig.wait_until_published(4)
        # And media again, of what the link has not brought.
        rig.stop("high")
        (scene.drop / "by-media").write_bytes(scene.dice.randbytes(10_000))
        rig.send_signal("low", signal.SIGHUP)
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == 5 and rig.status("low")["spool"]["pending_passes"] == 0, "another is sent")
        second = export(rig, "second", "--since", "5", "--size", "cd")
        rig.stop("low")
        rig.start("high")
        import_(rig, rig.folder / "second")
        check_files(rig, scene, drop_contents(scene))
        check(len(second) == 1, f"{second}")


def destroy(image, share, dice, run_length=1):
    """Random bytes in that share of its sectors, in runs."""
    sectors = image.stat().st_size // SECTOR
    with open(image, "r+b") as file:
        left = int(sectors * share)
        while left > 0:
            length = min(run_length, left)
            file.seek(dice.randrange(sectors - length) * SECTOR)
            file.write(dice.randbytes(length * SECTOR))
            left -= length


def damaged_discs_still_import():
    """5 % of an image's sectors, scattered or in one run behind its file system."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        (scene.drop / "large").write_bytes(scene.dice.randbytes(70_000_000))
        rig.start("low")
        make_shipments(rig, scene, 2)
        [whole] = images(export(rig, "out", "--all", "--size", "cd", "--iso"))
        rig.stop("low")
        sectors = whole.stat().st_size // SECTOR
        rig.start("high")
        for name, share, length, seed in (("scattered", 0.05, 1, 1), ("one-run", 0.05, int(sectors * 0.05), 2)):
            image = rig.folder / f"{name}.iso"
            shutil.copy(whole, image)
            destroy(image, share, random.Random(seed), length)
            rig.stop("high")
            fresh_high(rig)
            report = import_(rig, image)
            check("brought back" in report, f"{name}: import prints {report}")
            rig.wait_until_published(2)
            check_files(rig, scene, drop_contents(scene))


def what_is_lost_is_named_and_comes_again():
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        (scene.drop / "large").write_bytes(scene.dice.randbytes(30_000_000))
        rig.start("low")
        make_shipments(rig, scene, 2)
        [volume] = export(rig, "out", "--all", "--size", "cd")
        rig.stop("low")
        for data in (volume / "data").iterdir():
            destroy(data, 0.5, random.Random(1), int(data.stat().st_size / SECTOR * 0.5))
        rig.start("high")
        report = import_(rig, volume, code=6)
        check("data/00.sluice is damaged" in report and "are lost" in report, f"import prints {report}")
        [line] = [line for line in report.splitlines() if "--resend" in line]
        rig.stop("high")
        rig.start("low")
        second = export(rig, "again", "--size", "cd", "--resend", line.rpartition(" ")[2])
        rig.stop("low")
        rig.start("high")
        check("are visible" in import_(rig, *second), "the second volume does not complete the first")
        check_files(rig, scene, drop_contents(scene))
        check(rig.run("high", "gaps").stdout == "no gaps\n", "a gap stays")


def refused_by_name():
    """Nothing of what is wrong is taken, and the reason names it."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        rig.start("low")
        make_shipments(rig, scene, 2)
        [good] = export(rig, "out", "--all", "--size", "cd")
        (scene.drop / "later").write_bytes(b"later")
        rig.send_signal("low", signal.SIGHUP)
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == 3, "the third is made")
        [newer] = export(rig, "newer", "--since", "3", "--size", "cd")
        rig.stop("low")
        run(HIGH, "init", rig.folder / "elsewhere")
        rig.configure("low", scene.sources(kinds=KINDS), override={"keys": {"receivers": [rig.folder / "elsewhere/opening.pub"]}})
        rig.start("low")
        [foreign] = export(rig, "foreign", "--all", "--size", "cd")
        rig.stop("low")
        rig.configure("low", scene.sources(kinds=KINDS), override={"daemon": {"stream": "other", "state": rig.folder / "low/other"}})
        rig.start("low")
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == 1, "another stream's shipment is made")
        [other] = export(rig, "other", "--all", "--size", "cd")
        rig.stop("low")

        def copy(name):
            shutil.copytree(good, rig.folder / name)
            return rig.folder / name
        tampered = copy("tampered")
        manifest = tampered / "transfer_manifest.json"
        manifest.write_text(manifest.read_text().replace('"origin_user": "root"', '"origin_user": "eve"'))
        unnamed = copy("unnamed")
        (unnamed / "data/setup.exe").write_bytes(b"MZ")
        linked = copy("linked")
        (linked / "TRANSFER.html").unlink()
        (linked / "TRANSFER.html").symlink_to("/etc/passwd")
        unsigned = copy("unsigned")
        (unsigned / "transfer_manifest.json.minisig").unlink()

        rig.start("high")
        before = rig.status("high")["streams"]
        for place, reason in ((foreign, "sealed to other sites' keys"), (other, "stream other, which is not configured here"), (tampered, "not signed by the sender's key"),
                              (unnamed, "data/setup.exe: the manifest does not name this file"), (linked, "TRANSFER.html: is neither a file"),
                              (unsigned, "has no transfer_manifest.json.minisig"), (rig.folder / "nowhere", "is not there"), (scene.drop, "there is no volume in it")):
            report = import_(rig, place, code=1)
            check(reason in report and str(place) in report, f"{place.name} is answered {report}")
            check(rig.status("high")["streams"] == before, f"{place.name} changed something")
            check('import.refused' in rig.log("high") and str(place) in rig.log("high"), f"{place.name} is not logged")
        import_(rig, good)
        import_(rig, newer)
        shown = ledger(rig)
        report = import_(rig, good, code=1)
        check("an older bundle is replayed" in report, f"a replay is answered {report}")
        check(ledger(rig) == shown, "a replay changed something")


def checked_without_sluice():
    """jq, sha256sum and minisign alone; the keys that hand-made manifests have."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        rig.start("low")
        make_shipments(rig, scene, 2)
        [volume] = export(rig, "out", "--all", "--size", "cd", "--by", "ann")
        check(run("minisign", "-V", "-p", "minisign.pub", "-m", "transfer_manifest.json", cwd=volume).stdout.startswith("Signature and comment signature verified"),
              "minisign does not verify it")
        sums = run("jq", "-r", '.artifacts[] | "\\(.sha256)  \\(.file)"', volume / "transfer_manifest.json").stdout
        run("sha256sum", "-c", "-", cwd=volume, input=sums)
        run("sha256sum", "-c", "SHA256SUMS", cwd=volume)
        paper = run("jq", "-r", ".timestamp, .origin_user, (.artifacts | map(has(\"file\") and has(\"sha256\") and has(\"source\")) | all)", volume / "transfer_manifest.json")
        timestamp, user, keys = paper.stdout.split()
        check(timestamp.endswith("Z") and user == "ann" and keys == "true", f"the manifest has {paper.stdout}")
        sheet = (volume / "TRANSFER.txt").read_text()
        for blank in ("Origin", "Sponsor", "Verifier", "Courier", "Destruction"):
            check(blank in sheet, f"the sheet has no {blank}")
        check(hashlib.sha256((volume / "SHA256SUMS").read_bytes()).hexdigest() in sheet, "the sheet has no digest")
        check("<script" not in (volume / "TRANSFER.html").read_text(), "a sheet that runs")


def one_document_alone():
    """`export --only`: one image of one file's shipment; what it stands on is named, or goes along."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        rig.start("low")
        make_shipments(rig, scene, 3)
        [folder, image] = export(rig, "one", "--only", "drop/drop/file-2", "--size", "cd", "--iso")
        manifest = json.loads((folder / "transfer_manifest.json").read_text())
        check(manifest["shipments"] == "3" and manifest["stands_on"] == "2", f"the manifest has {manifest['shipments']} on {manifest['stands_on']}")
        [_, all_of_it] = export(rig, "with", "--only", "drop/drop/file-2", "--with-earlier", "--size", "cd", "--iso")
        rig.stop("low")
        rig.start("high")
        check("waits for 2" in import_(rig, image, code=6), "what it waits for is not named")
        import_(rig, all_of_it)
        check_files(rig, scene, drop_contents(scene))


def killed_at_any_point_both_go_on():
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        for number in range(4):
            (scene.drop / f"large-{number}").write_bytes(scene.dice.randbytes(25_000_000))
        rig.start("low")
        make_shipments(rig, scene, 1)
        folder = rig.folder / "out"
        command = rig.command("low", "export", "--to", folder, "--all", "--size", "16M")
        kills = 0
        while True:
            following = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

            def volumes():
                return len(list(folder.glob("*/SHA256SUMS")))
            before = volumes()
            rig.wait_until(lambda: following.poll() is not None or volumes() >= before + 2, "two more volumes are whole")
            if following.poll() is not None:
                break
            rig.stop("low", signal.SIGKILL)
            following.wait()
            kills += 1
            rig.start("low")
        out, err = following.communicate()
        check(kills > 1 and following.returncode == 0, f"killed {kills} times, it ended with {following.returncode} {out} {err}")
        check(len({path.name.rpartition("-v")[0] for path in folder.iterdir()}) == 1, "it began another bundle")
        rig.stop("low")
        rig.start("high")
        following = subprocess.Popen(rig.command("high", "import", folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        rig.wait_until(lambda: following.poll() is not None or rig.log("high").count("import.volume") >= 2, "some volumes are taken")
        check(following.poll() is None, "the import was over before it could be interrupted")
        rig.stop("high", signal.SIGKILL)
        following.communicate()
        rig.start("high")
        rig.wait_for_event("high", "import.resumed")
        rig.wait_until_published(1)
        check_files(rig, scene, drop_contents(scene))


STEADY = [images_equal_the_link, any_order_any_way, damaged_discs_still_import, what_is_lost_is_named_and_comes_again, checked_without_sluice,
          one_document_alone]
# Run by name: on a fast machine both meet a second bundle within the second that names the first.
BY_NAME = [refused_by_name, killed_at_any_point_both_go_on]

if __name__ == "__main__":
    main(STEADY + BY_NAME if sys.argv[1:] else STEADY)
