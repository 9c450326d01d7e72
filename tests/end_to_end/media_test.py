#!/usr/bin/env python3
"""The link's stream on removable media: exported, carried as folders and ISO images, imported. It ends as the link would have ended."""
import hashlib
import json
import pathlib
import random
import re
import shutil
import signal
import sys

from rig import HIGH, Rig, check, main, run
from scene import Scene, check_files, check_npm, drop_contents

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "crash"))
import catalog  # noqa: E402

SECTOR = 2048
MANUAL = HERE.parents[1] / "docs/operating/media.md"
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
    rig.log_path("high").unlink()
    rig.start("high")


def ledger(rig):
    """What the high side knows and shows, but for times and for what is the link's alone."""
    stream = next(s for s in rig.status("high")["streams"] if s["name"] == "rig")
    listing = rig.get("/files/drop/")[2]
    gaps = json.loads(rig.http(rig.high_status, "/gaps")[2])
    snapshots = json.loads(rig.http(rig.high_status, "/snapshots")[2])
    return {"published": stream["published_through"], "gaps": gaps["gaps"], "edition": snapshots.get("current"), "listing": hashlib.sha256(listing).hexdigest()}


def custody(rig):
    return json.loads(rig.run("high", "import", "--custody", "--json").stdout)["volumes"]


def record(rig):
    """All that there is of what has crossed but who carried it: the catalog to the last byte and header, the ledger, and of each shipment the signed manifest that says
    where everything comes from. Which of two sources is visible first is chance on the link as well: editions are not compared one by one."""
    published = re.findall(r" shipment\.published (.*)", rig.log("high"))
    return {"catalog": catalog.snapshot(rig.serve, with_apt=False), "ledger": ledger(rig),
            "published": sorted(re.sub(r"edition=\d+ ", "", line) for line in published)}


def check_same(rig, by_link, how):
    found = record(rig)
    for what, expected in by_link.items():
        check(found[what] == expected, f"{how}: the {what} is {found[what]}, by the link it is {expected}")


def custody_equals_the_links():
    """The link alone, media alone, and both in either order: the same is visible, and the same is known of it."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=("npm", "files"))) as rig:
        scene.wait_until_up(rig)
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        for number in (3, 4):
            (scene.drop / f"file-{number}").write_bytes(scene.dice.randbytes(200_000))
            rig.send_signal("low", signal.SIGHUP)
            rig.wait_until_published(number)
        rig.wait_until_crossed()
        by_link = record(rig)
        check(len(by_link["published"]) == 4 and all("manifest=" in line for line in by_link["published"]), f"published: {by_link['published']}")
        check(custody(rig) == [], "the link has a courier")
        whole = images(export(rig, "whole", "--all", "--size", "cd", "--iso"))
        later = images(export(rig, "later", "--since", "3", "--size", "cd", "--iso"))
        rig.stop("high")

        fresh_high(rig)
        rig.wait_until_listening()
        rig.run("low", "resend", "1-2")
        rig.wait_until_published(2)
        import_(rig, *later)
        check_same(rig, by_link, "the link, then media")
        check([(one["shipments"], one["carrier"], one["exported_by"]) for one in custody(rig)] == [("3-4", "bob", "root")], f"custody is {custody(rig)}")
        rig.stop("high")

        fresh_high(rig)
        rig.wait_until_listening()
        check("--resend" in import_(rig, *later, code=6), "what is missing is not asked for")
        rig.run("low", "resend", "1-2")
        rig.wait_until_published(4)
        check_same(rig, by_link, "media, then the link")
        rig.stop("high")
        rig.stop("low")

        fresh_high(rig)
        import_(rig, *whole)
        check_same(rig, by_link, "media alone")
        check([(one["shipments"], one["by"], one["times"]) for one in custody(rig)] == [("1-4", "ann", 1)], f"custody is {custody(rig)}")


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


def destroy_run(image, begin, share):
    """Random bytes in a run of that share of its sectors, which begins behind that share of them."""
    sectors = image.stat().st_size // SECTOR
    with open(image, "r+b") as file:
        file.seek(int(sectors * begin) * SECTOR)
        file.write(random.Random(1).randbytes(int(sectors * share) * SECTOR))


def damaged_discs_still_import():
    """5 % of an image's sectors, scattered or in one run anywhere, file system and papers included: of some groups of blocks, and of one small one."""
    kinds = {"scattered": lambda image: destroy(image, 0.05, random.Random(1)), "begin": lambda image: destroy_run(image, 0, 0.05),
             "middle": lambda image: destroy_run(image, 0.4, 0.05), "end": lambda image: destroy_run(image, 0.95, 0.05)}
    for large in (70_000_000, 300_000):
        with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
            (scene.drop / "large").write_bytes(scene.dice.randbytes(large))
            rig.start("low")
            make_shipments(rig, scene, 2)
            [whole] = images(export(rig, "out", "--all", "--size", "cd", "--iso"))
            rig.stop("low")
            rig.start("high")
            for name, damage in kinds.items():
                image = rig.folder / f"{name}.iso"
                shutil.copy(whole, image)
                damage(image)
                rig.stop("high")
                fresh_high(rig)
                report = import_(rig, image)
                check(("file system cannot be read" in report) == (name == "begin") or name == "scattered", f"{name}: import prints {report}")
                check("shipments, 1-2, are visible" in report or name in ("scattered", "end"), f"{name}: import prints {report}")
                rig.wait_until_published(2)
                check_files(rig, scene, drop_contents(scene))
                check(rig.metric("high", 'sluice_import_volumes_total{result="whole"}') == 1 and rig.metric("high", "sluice_import_lost_groups_total") == 0
                      and rig.metric("high", 'sluice_import_blocks_total{result="lost"}') == 0, f"{name}: the metrics have losses")
                recovered = rig.metric("high", 'sluice_import_sectors_total{result="brought-back"}')
                check(recovered > 0 or name == "end" or large < 1_000_000, f"{name}: {recovered} sectors were brought back")
                image.unlink()


def an_image_that_is_half_gone_names_what_is_missing():
    """No file system, no manifest, not enough sectors: what is missing is told all the same, and a second volume brings it."""
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        (scene.drop / "large").write_bytes(scene.dice.randbytes(10_000_000))
        rig.start("low")
        make_shipments(rig, scene, 2)
        [image] = images(export(rig, "out", "--all", "--size", "cd", "--iso"))
        rig.stop("low")
        destroy_run(image, 0, 0.4)
        destroy_run(image, 0.9, 0.1)
        rig.start("high")
        report = import_(rig, image, code=6)
        check("file system cannot be read" in report and "are lost" in report and "not visible yet, of all of rig: 1-2" in report, f"import prints {report}")
        [line] = [line for line in report.splitlines() if "--resend" in line]
        check(rig.metric("high", 'sluice_import_volumes_total{result="in-part"}') == 1, "the metrics have no volume in part")
        rig.stop("high")
        rig.start("low")
        second = export(rig, "again", "--size", "cd", "--resend", line.rpartition(" ")[2])
        rig.stop("low")
        rig.start("high")
        import_(rig, *second)
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


def refused(label):
    return f'sluice_import_refused_total{{reason="{label}"}}'


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
        for place, label, reason in ((foreign, "sealed-to-others", "sealed to other sites' keys"), (other, "other-stream", "stream other, which is not configured here"),
                                     (tampered, "signature", "not signed by the sender's key"), (unnamed, "unnamed-file", "data/setup.exe: the manifest does not name this file"),
                                     (linked, "unnamed-file", "TRANSFER.html: is neither a file"), (unsigned, "signature", "has no transfer_manifest.json.minisig"),
                                     (rig.folder / "nowhere", "unreadable", "is not there"), (scene.drop, "unreadable", "there is no volume in it")):
            counted = rig.metric("high", refused(label))
            report = import_(rig, place, code=1)
            check(rig.metric("high", refused(label)) == counted + 1, f"{place.name} is not counted as {label}")
            check(reason in report and str(place) in report, f"{place.name} is answered {report}")
            check(rig.status("high")["streams"] == before, f"{place.name} changed something")
            check('import.refused' in rig.log("high") and str(place) in rig.log("high"), f"{place.name} is not logged")
        import_(rig, good)
        import_(rig, newer)
        shown = ledger(rig)
        report = import_(rig, good, code=1)
        check("an older bundle is replayed" in report, f"a replay is answered {report}")
        check(rig.metric("high", refused("replayed")) == 1, "a replay is not counted")
        check(rig.metric("high", 'sluice_import_volumes_total{result="whole"}') == 2, "the good ones are not counted")
        check(ledger(rig) == shown, "a replay changed something")


def checked_without_sluice():
    """By the commands of the manual; the keys that hand-made manifests have."""
    block = re.search(r"Without Sluice .*?```\n(.*?)```", MANUAL.read_text(), re.DOTALL)[1]
    with Scene() as scene, Rig(low_extra=scene.sources(kinds=KINDS)) as rig:
        rig.start("low")
        make_shipments(rig, scene, 2)
        [volume] = export(rig, "out", "--all", "--size", "cd", "--by", "ann")
        check(rig.metric("low", "sluice_export_volumes_total") == 1 and rig.metric("low", 'sluice_exports_total{result="finished"}') == 1 and
              rig.metric("low", "sluice_export_bytes_total") == sum(path.stat().st_size for path in (volume / "data").iterdir()), "the export is not counted")
        shutil.copy(volume / "minisign.pub", rig.folder / "sender.pub")  # a person compares it with the one that is trusted
        commands = block.replace("sender.pub", "../../sender.pub")
        shown = run("bash", "-euo", "pipefail", "-c", commands, cwd=volume).stdout
        check("Signature and comment signature verified" in shown and shown.count(": OK") >= 2 * 24 and f"2\tdrop\tfile-1\t{50_000}" in shown, f"the manual's commands print {shown}")
        keys = '(.timestamp | test("^2[0-9]{3}-[0-9]{2}-[0-9]{2}T.*Z$")) and .origin_user == "ann" and (.artifacts | length > 24 and all(has("file") and has("sha256") and has("source")))'
        check(run("jq", keys, volume / "transfer_manifest.json").stdout == "true\n", "the manifest lacks keys of hand-made ones")
        sheet = (volume / "TRANSFER.txt").read_text()
        for blank in ("Origin", "Sponsor", "Verifier", "Courier", "Destruction"):
            check(blank in sheet, f"the sheet has no {blank}")
        check(hashlib.sha256((volume / "SHA256SUMS").read_bytes()).hexdigest() in sheet, "the sheet has no digest")
        check("<script" not in (volume / "TRANSFER.html").read_text(), "a sheet that runs")
        for changed in ("transfer_manifest.json", "SHA256SUMS", "data/07.sluice"):
            content = (volume / changed).read_bytes()
            (volume / changed).write_bytes(content[:-2] + b"x" + content[-1:])
            check(run("bash", "-euo", "pipefail", "-c", commands, cwd=volume, ok=False).returncode != 0, f"{changed} was changed, and the manual's commands do not notice")
            (volume / changed).write_bytes(content)


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


if __name__ == "__main__":
    main([images_equal_the_link, any_order_any_way, custody_equals_the_links, damaged_discs_still_import, what_is_lost_is_named_and_comes_again,
          an_image_that_is_half_gone_names_what_is_missing, refused_by_name, checked_without_sluice, one_document_alone])
