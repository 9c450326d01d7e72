#!/usr/bin/env python3
"""A disk that fails: the daemon stops with an alert and exit status 5, and its next start is whole."""
import contextlib
import signal
import socket

from faults import EXIT_STORAGE, Disk, Faults, check, check_alert, drop, main, pair, poll_again, send_again_until_whole, wait_until_under_way


def check_stopped(rig, side):
    code = rig.wait_until_ended(side)
    check(code == EXIT_STORAGE, f"{side} exited {code}")
    check_alert(rig, side, "storage.failed", "cause=", "effect=")


class ServiceManager:
    """What systemd is to a daemon: it takes its notes."""

    def __init__(self, folder):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": str(folder / "notify")}

    def notes(self):
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(self._socket.recv(4096).decode())
        return said


def ext4_shuts_down_under_the_low_side():
    """All that was not in the journal is lost, and everything answers EIO: while a pass is being sent."""
    with pair(rate="20Mbit/s") as (rig, scene), Disk(rig, "low", 256) as disk:
        rig.start("high")
        rig.start("low")
        wait_until_under_way(rig)
        disk.die()
        check_stopped(rig, "low")
        refused = rig.run("low", "run", ok=False)
        check(refused.returncode == EXIT_STORAGE, f"it started on a dead disk: {refused.returncode} {refused.stderr}")
        disk.remount()
        rig.start("low")
        rig.wait_until_crossed()
        send_again_until_whole(rig, scene)


def ext4_shuts_down_under_the_high_side():
    with pair() as (rig, scene), Disk(rig, "high", 256) as disk:
        manager = ServiceManager(rig.folder)
        rig.start("high", manager.environment)
        rig.start("low")
        rig.wait_until_crossed()
        drop(scene, "more.bin", 3_000_000)
        disk.die()
        poll_again(rig)
        check_stopped(rig, "high")
        notes = manager.notes()
        check(any(note.startswith("STATUS=the disk failed") for note in notes), f"the service manager was told {notes}")
        refused = rig.run("high", "run", ok=False)
        check(refused.returncode == EXIT_STORAGE, f"it started on a dead disk: {refused.returncode} {refused.stderr}")
        disk.remount()
        rig.start("high")
        send_again_until_whole(rig, scene)


# Calls on the way of a shipment that fail once with EIO; where the daemon stops, and where it sheds what it was doing.
FAILURES = {
    "low": (("fdatasync /spool/index/", True),  # RocksDB's log
            ("fdatasync /work/", True),  # a blob on its way into the spool
            ("fsync /spool/blobs/", True),  # the folder it was linked into
            ("pwrite /work/", False), ("open /work/", False), ("link /spool/blobs/", False)),
    "high": (("fdatasync /index/", True), ("fdatasync /assembling/", True), ("fsync /state/blobs/", True), ("pwrite /assembling/", False),
             ("open /assembling/", False), ("link /state/blobs/", False), ("mkdir /state/blobs/", False),
             ("fdatasync /packs/", True), ("fsync /packs", True), ("pwrite /packs/", False), ("open /packs/", False)),
}


def each_call_fails_once(side):
    """What was committed is there, nothing else is, and the rest comes by itself, after a start or with a resend."""
    with pair(rate="100Mbit/s") as (rig, scene):
        faults = Faults(rig.folder)
        other = "high" if side == "low" else "low"
        for part in ("high", "low"):
            rig.start(part, faults.environment if part == side else None)
        rig.wait_until_crossed()
        for number, (call, stops) in enumerate(FAILURES[side]):
            print(f"      {side}: {call}", flush=True)
            faults.set(f"{call} error=5 count=1")
            drop_for(call, scene, number)
            rig.send_signal("low", signal.SIGHUP)
            rig.wait_until(lambda: faults.hits() > 0 or not rig.running(side), f"{call} has failed")
            if stops:
                check_stopped(rig, side)
                faults.set()
                rig.start(side, faults.environment)
            if side == "low":
                rig.wait_until(lambda n=number: made(rig, n), "what could not be taken is taken")
            send_again_until_whole(rig, scene)
            check(rig.running(other), f"{other} has ended")


def drop_for(call, scene, number):
    """What makes the daemon come to that call: a large file, or so many small ones that they come in a pack."""
    if "/packs" not in call:
        drop(scene, f"more-{number}.bin", 1_500_000)
        return
    for small in range(80):
        drop(scene, f"more-{number}-{small}.bin", 40_000)


def made(rig, number):
    """The shipment of the file with this number is made; asks for a poll if not."""
    if rig.status("low")["spool"]["last_sequence"] >= number + 2:
        return True
    poll_again(rig)
    return False


def each_call_of_the_low_side_fails_once():
    each_call_fails_once("low")


def each_call_of_the_high_side_fails_once():
    each_call_fails_once("high")


def disk_is_slow(side, kinds, milliseconds):
    """What waits is bounded, nothing is lost without a name, and everything is there in the end."""
    with pair(kinds, rate="200Mbit/s") as (rig, scene):
        faults = Faults(rig.folder)
        faults.set(f"fsync,fdatasync /state delay={milliseconds}")
        for part in ("high", "low"):
            rig.start(part, faults.environment if part == side else None)
        rig.wait_until(lambda: rig.status("low")["spool"]["last_sequence"] >= len(kinds), "all is made")
        send_again_until_whole(rig, scene, kinds)
        check(faults.hits() > 5, "the disk was not slow")


def disk_of_the_low_side_is_slow():
    disk_is_slow("low", ("files",), 200)


def disk_of_the_high_side_is_slow():
    disk_is_slow("high", ("files",), 300)


if __name__ == "__main__":
    main([ext4_shuts_down_under_the_low_side, ext4_shuts_down_under_the_high_side, each_call_of_the_low_side_fails_once,
          each_call_of_the_high_side_fails_once, disk_of_the_low_side_is_slow, disk_of_the_high_side_is_slow])
