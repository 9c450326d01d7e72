#!/usr/bin/env python3
"""Kills an export and an import at named points, with the power of the disks that both write to: given again, the same command goes on, and in the end the high side holds
what the low side had.
"""
import shutil
import subprocess
import sys

import paths  # noqa: F401
from crash_rig import CrashRig
from disk import Disk, Unavailable
from points import FLIPPED, LOG, steps
from rig import check, main, run
from scene import Scene, check_files, drop_contents

SHIPMENTS = 1
# Of volumes of 8 MB, of which there are several: where an export dies.
EXPORT = {
    "some data written, never synced": "after write */data/07.sluice",
    "a second volume begun": "after write */data/07.sluice 2",
    "the sums beside their place": "before rename */SHA256SUMS",
    "a volume whole, and not in the journal": "after rename */SHA256SUMS 2",
    "the journal beside its place": "before rename */.sluice-export.json 3",
    "all data whole, and no papers": "before write */minisign.pub.new",
    "some papers": "after rename */transfer_manifest.json 2",
    "everything but the journal's end": "before unlink */.sluice-export.json",
}
# The journal is gone: the next command is another export.
ENDED = steps("after unlink */.sluice-export.json", "after fsync */out")
# Where an import dies, and whether the daemon goes on with it by itself.
IMPORT = {
    "a command that was not noted": (f"before write {LOG} 1 media-job", False),
    "a command that was noted": (steps(f"after write {LOG} 1 media-job", f"after fdatasync {LOG}"), True),
    "a part of a blob": ("after write */assembling/*.part 3", True),
    "one volume, before it is said who brought it": (f"before write {LOG} 1 media/rig/", True),
    "two volumes": (f"after write {LOG} 2 media/rig/", True),
    "the flip in the log, not synced": (steps(FLIPPED, f"before fdatasync {LOG}"), True),
}


def volumes(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir())


def check_bundle(folder):
    """One bundle, of which every file is what its papers say."""
    made = volumes(folder)
    check(len(made) > 2 and len({volume.name.rpartition("-v")[0] for volume in made}) == 1, f"the folder has {[path.name for path in folder.iterdir()]}")
    for volume in made:
        run("minisign", "-V", "-q", "-p", "minisign.pub", "-m", "transfer_manifest.json", cwd=volume)
        sums = run("jq", "-r", '.artifacts[] | "\\(.sha256)  \\(.file)"', volume / "transfer_manifest.json").stdout
        run("sha256sum", "--quiet", "-c", "-", cwd=volume, input=sums)
        check(not list(volume.rglob("*.new")), f"left over in {volume.name}")
    check(not (folder / ".sluice-export.json").exists(), "the journal is left")


def export(rig, folder):
    return rig.command("low", "export", "--to", folder, "--all", "--size", "8M")


def die(rig, side, point, what, command):
    """Gives the command to a daemon that dies at the point."""
    rig.spawn_at_point(side, point)
    rig.wait_until_up_or_dead(side)
    following = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    rig.wait_until_killed(side, what)
    out, err = following.communicate()
    check(following.returncode != 0, f"the command did not notice that the daemon died: {out}{err}")


def with_bundle(scene, rig):
    """A daemon's shipment, and where it may be exported to: on the disk whose power is cut."""
    (scene.drop / "large").write_bytes(scene.dice.randbytes(20_000_000))
    rig.start("low")
    rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] == SHIPMENTS and rig.status("low")["spool"]["pending_passes"] == 0, "the shipment is made")
    rig.stop("low")
    return rig.state("low").parent / "out"


def an_export_goes_on_wherever_it_died():
    with Scene() as scene, CrashRig(power=True) as rig:
        rig.configure("low", scene.sources(kinds=("files",)))
        folder = with_bundle(scene, rig)
        for what, point in EXPORT.items():
            die(rig, "low", point, what, export(rig, folder))
            rig.start("low")
            run(*export(rig, folder))
            check_bundle(folder)
            rig.stop("low")
            shutil.rmtree(folder)
        die(rig, "low", ENDED, "the export's end", export(rig, folder))
        check_bundle(folder)


def an_import_goes_on_wherever_it_died():
    with Scene() as scene, CrashRig(power=True) as rig:
        rig.configure("low", scene.sources(kinds=("files",)))
        folder = with_bundle(scene, rig)
        rig.start("low")
        run(*export(rig, folder))
        rig.stop("low")
        bundle = rig.folder / "bundle"
        shutil.copytree(folder, bundle)
        command = ("import", bundle)
        for what, (point, goes_on) in IMPORT.items():
            rig.new_disks()
            rig.configure("high")
            die(rig, "high", point, what, rig.command("high", *command))
            rig.start("high")
            if goes_on:
                rig.wait_for_event("high", "import.resumed")
            else:
                run(*rig.command("high", *command))
            rig.wait_until_published(SHIPMENTS)
            rig.wait_for_event("high", "import.finished")
            check_files(rig, scene, drop_contents(scene))
            check(rig.run("high", "gaps").stdout == "no gaps\n", "a gap stays")
            rig.stop("high")
            rig.check_nothing_left_over()


if __name__ == "__main__":
    try:
        Disk().close()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    main([an_export_goes_on_wherever_it_died, an_import_goes_on_wherever_it_died])
