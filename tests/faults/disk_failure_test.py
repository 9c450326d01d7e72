#!/usr/bin/env python3
"""A disk that fails: the daemon stops with an alert and exit status 5, and its next start is whole."""
from faults import EXIT_STORAGE, Disk, check, check_alert, drop, main, pair, poll_again, send_again_until_whole, wait_until_under_way


def check_stopped(rig, side):
    code = rig.wait_until_ended(side)
    check(code == EXIT_STORAGE, f"{side} exited {code}")
    check_alert(rig, side, "storage.failed", "cause=", "effect=")


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
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        drop(scene, "more.bin", 3_000_000)
        disk.die()
        poll_again(rig)
        check_stopped(rig, "high")
        refused = rig.run("high", "run", ok=False)
        check(refused.returncode == EXIT_STORAGE, f"it started on a dead disk: {refused.returncode} {refused.stderr}")
        disk.remount()
        rig.start("high")
        send_again_until_whole(rig, scene)


if __name__ == "__main__":
    main([ext4_shuts_down_under_the_low_side, ext4_shuts_down_under_the_high_side])
