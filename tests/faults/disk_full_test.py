#!/usr/bin/env python3
"""A full disk, to the last byte or the last inode: what is visible stays so, what has no place is counted and named, and everything goes on by itself once
there is space."""
from faults import (MIB, Disk, Faults, check, check_alert, check_files, check_on_events, check_whole, drop, drop_contents, main, pair, poll_again,
                    send_again_until_whole, wait_until_idle, wait_until_under_way)

DISK = 512  # MiB; RocksDB goes on when 128 are free


def full(rig, side):
    return sum(rig.metric(side, f'sluice_disk_full_total{{where="{where}"}}') for where in ("poll", "spool", "store", "staging"))


def drop_more(scene, small):
    """A large file, and small ones, which go into the index: 500 fill its log beyond what that has taken in advance."""
    drop(scene, "more.bin", 3 * MIB)
    for i in range(small):
        drop(scene, f"small-{i}", 60_000)


def low_side_full(make_full, *options):
    with pair() as (rig, scene), Disk(rig, "low", DISK, *options) as disk:
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        before = drop_contents(scene)
        make_full(disk)
        drop_more(scene, 1)
        poll_again(rig)
        check(full(rig, "low") > 0, "the full disk was not counted")
        check_alert(rig, "low", "poll.failed", "df -i")
        check_on_events(rig, "low", "poll.failed")
        check(rig.status("low")["sources"][0]["last_error"], "the status does not show it")
        check(rig.status("high")["streams"][0]["alive"], "the heartbeat stopped")
        check_files(rig, before)
        disk.relieve()
        poll_again(rig)
        check_whole(rig, scene)
        rig.stop("low")


def low_side_full_to_the_last_byte():
    low_side_full(Disk.fill)


def low_side_without_inodes():
    low_side_full(Disk.use_up_inodes, "-N", "256")


def index_of_the_low_side_beyond_its_quota():
    """Only the index cannot be written, although the disk has space: what it holds can still be read and sent."""
    with pair(rate="20Mbit/s") as (rig, scene):
        faults = Faults(rig.folder)
        rig.start("high")
        rig.start("low", faults.environment)
        wait_until_under_way(rig)
        faults.set("write,pwrite /spool/index/ error=122")  # EDQUOT
        drop(scene, "more.bin", MIB)
        poll_again(rig)
        check(full(rig, "low") > 0 and faults.hits() > 0, "the full index was not counted")
        refused = rig.run("low", "resend", "1", ok=False)
        check(refused.returncode == 1 and "df -i" in refused.stderr, f"resend on a full disk: {refused.returncode} {refused.stderr}")
        wait_until_idle(rig)  # the pass ends, and that it was sent is remembered
        rig.wait_until_published(1)
        faults.set()
        poll_again(rig)
        check_whole(rig, scene)
        rig.run("low", "resend", "1")
        wait_until_idle(rig)
        rig.stop("low")


def high_side_full(make_full, small, *options):
    with pair() as (rig, scene), Disk(rig, "high", DISK, *options) as disk:
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        before = drop_contents(scene)
        make_full(disk)
        drop_more(scene, small)
        poll_again(rig)
        rig.wait_until(lambda: full(rig, "high") > 0, "the full disk is counted")
        if small > 1:
            rig.wait_until(lambda: rig.metric("high", 'sluice_disk_full_total{where="store"}') > 0, "the index could not be written")
        rig.wait_until(lambda: "staging.disk" in rig.log("high") or "store.stalled" in rig.log("high"), "it is told")
        check("df -i" in rig.log("high"), "no cure is named")
        wait_until_idle(rig)
        check_files(rig, before)
        check(rig.get("/files/drop/more.bin")[0] == 404, "something without a place is visible")
        disk.relieve()
        send_again_until_whole(rig, scene)
        check(not rig.status("high")["commit"]["stalled"] and not rig.status("high")["assembly"]["refusing"], "it still says that it takes nothing")
        rig.stop("high")


def high_side_full_to_the_last_byte():
    high_side_full(Disk.fill, 500)


def high_side_without_inodes():
    high_side_full(Disk.use_up_inodes, 1, "-N", "256")


def high_side_full_with_less_and_less_left():
    """For a part of what comes, for the log of the index, for nothing: the disk is full at another step each time."""
    with pair(link={"outage": "1ms"}) as (rig, scene), Disk(rig, "high", DISK) as disk:
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        for number, leave in enumerate((3 * MIB, 600_000, 100_000, 0)):
            before = full(rig, "high")
            disk.fill(leave)
            drop(scene, f"more-{number}.bin", 4 * MIB)
            poll_again(rig)
            rig.wait_until(lambda b=before: full(rig, "high") > b, f"the full disk is counted with {leave} bytes left")
            disk.relieve()
            send_again_until_whole(rig, scene)
            rig.wait_until(lambda: rig.status("high")["assembly"]["blobs"] == 0, "nothing is left in the staging folder")


if __name__ == "__main__":
    main([low_side_full_to_the_last_byte, low_side_without_inodes, index_of_the_low_side_beyond_its_quota, high_side_full_to_the_last_byte, high_side_without_inodes,
          high_side_full_with_less_and_less_left])
