#!/usr/bin/env python3
"""Descriptors and memory that run out: clients and polls are shed, what is committed stays, and everything goes on when there are enough again."""
import contextlib
import functools
import os
import pathlib
import signal
import socket

from faults import MIB, check, check_alert, drop, main, pair, poll_again, send_again_until_whole, wait_until_under_way
from rig import Failure, run

GIB = 1 << 30
CGROUP = pathlib.Path("/sys/fs/cgroup/memory")  # version 1
FLOOD = 300


def limit_descriptors(rig, side, count):
    run("prlimit", "--pid", rig.pid(side), f"--nofile={count}:")


def clients_beyond_the_limit():
    """More clients than descriptors: half of these are kept for the link, the staging folder and the index, which go on."""
    with pair() as (rig, scene), contextlib.ExitStack() as clients:
        rig.start("high", limits=["prlimit", "--nofile=200:200"])
        rig.start("low")
        rig.wait_until_crossed()
        check_alert(rig, "high", "serve.fewer-connections", "LimitNOFILE", "cure=")
        for _ in range(FLOOD):
            clients.enter_context(socket.create_connection(("127.0.0.1", rig.serve)))
        rig.wait_until(lambda: rig.metric("high", 'sluice_http_refused_total{reason="connections"}') >= FLOOD // 2, "clients are turned away")
        drop(scene, "more.bin", 3 * MIB)
        poll_again(rig)
        rig.wait_until_published(2)
        clients.close()
        rig.wait_until(lambda: rig.metric("high", "sluice_http_connections") <= 1, "the clients are gone")
        send_again_until_whole(rig, scene)


def high_side_without_descriptors():
    with pair() as (rig, scene):
        rig.start("high")
        rig.start("low")
        rig.wait_until_crossed()
        limit_descriptors(rig, "high", 16)  # those that are open stay
        drop(scene, "more.bin", 3 * MIB)
        poll_again(rig)
        check_alert(rig, "high", "staging.disk", "LimitNOFILE")
        with socket.create_connection(("127.0.0.1", rig.serve)):
            check_alert(rig, "high", "http.accept_failed", "LimitNOFILE")
        limit_descriptors(rig, "high", 1024)
        send_again_until_whole(rig, scene)
        check("link.silent" not in rig.log("high"), "the link was not listened to")
        check(rig.log("high").count("http.accept_failed") < 5, "it is told again and again")


def low_side_without_descriptors():
    """In the middle of a pass and of a poll: the pass is sent to its end, the poll is made again."""
    with pair(("files", "npm"), low=[("fetch", {"attempts": 1})], rate="20Mbit/s") as (rig, scene):
        rig.start("high")
        rig.start("low")
        wait_until_under_way(rig)
        limit_descriptors(rig, "low", 16)
        check_alert(rig, "low", "poll.failed", "source=npm", "cure=")
        rig.send_signal("low", signal.SIGHUP)
        check_alert(rig, "low", "config.refused", "Too many open files")
        rig.wait_until_published(1)
        limit_descriptors(rig, "low", 1024)
        drop(scene, "more.bin", MIB)
        poll_again(rig, 0)
        rig.wait_until_crossed()
        send_again_until_whole(rig, scene, ("files", "npm"))
        check("link.silent" not in rig.log("high"), "the low side did not go on sending")


def needs_memory_groups(test):
    """Version 2 kills at once where version 1 refuses a limit, so that these tests are for version 1."""
    @functools.wraps(test)
    def run_or_skip():
        if (CGROUP / "memory.limit_in_bytes").exists():
            test()
        else:
            print("      SKIPPED: there is no memory controller of version 1 in /sys/fs/cgroup/memory", flush=True)
    return run_or_skip


@contextlib.contextmanager
def memory_group(name, limit):
    """A group of processes with a limit; gives its folder and the command that runs another one in it."""
    folder = CGROUP / f"sluice-{os.getpid()}-{name}"
    folder.mkdir()
    try:
        (folder / "memory.limit_in_bytes").write_text(str(limit))
        yield folder, ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(folder)]
    finally:
        for process in (folder / "cgroup.procs").read_text().split():  # of a test that failed
            with contextlib.suppress(OSError):
                (CGROUP / "cgroup.procs").write_text(process)
        folder.rmdir()


@needs_memory_groups
def busy_within_the_documented_memory():
    """docs/operating/install.md: 1 GiB for either side."""
    with pair(("files", "npm"), rate="1Gbit/s") as (rig, scene):
        with memory_group("low", GIB) as (low, in_low), memory_group("high", GIB) as (high, in_high):
            for i in range(8):
                drop(scene, f"large-{i}.bin", 10 * MIB)
            for i in range(500):
                drop(scene, f"small-{i}", 20_000)
            rig.start("high", limits=in_high)
            rig.start("low", limits=in_low)
            rig.wait_until_crossed()
            send_again_until_whole(rig, scene, ("files", "npm"))
            for side, folder in (("low", low), ("high", high)):
                own = resident(rig, side)
                check((folder / "memory.failcnt").exists() and own < GIB // 2, f"{side} used {own >> 20} MiB")
                check("oom_kill 0" in (folder / "memory.oom_control").read_text(), f"{side}: something was killed")
                print(f"      {side}: {own >> 20} MiB of its own at the most", flush=True)
                rig.stop(side)


def resident(rig, side):
    """The most that the process has had in memory, in bytes."""
    text = pathlib.Path(f"/proc/{rig.pid(side)}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) << 10


def made(rig):
    with contextlib.suppress(Failure):  # it may be killed while it is asked
        return rig.status("low")["spool"]["last_sequence"]
    return 0


def lower_as_far_as_it_goes(folder):
    """The kernel refuses a limit below what it cannot take back."""
    limit = int((folder / "memory.usage_in_bytes").read_text())
    with contextlib.suppress(OSError):
        while limit > MIB:
            (folder / "memory.limit_in_bytes").write_text(str(limit))
            limit = limit * 9 // 10


def killed_for_want_of_memory(side):
    """With just the memory that it has after its start, before buffers are used."""
    with pair(rate="200Mbit/s") as (rig, scene):
        with memory_group(side, GIB) as (folder, within):
            rig.start("high", limits=within if side == "high" else ())
            if side == "high":
                lower_as_far_as_it_goes(folder)
            rig.start("low", limits=within if side == "low" else ())
            if side == "low":
                lower_as_far_as_it_goes(folder)
            for i in range(50):
                drop(scene, f"more-{i}.bin", 4 * MIB)
                rig.send_signal("low", signal.SIGHUP)
                rig.wait_until(lambda n=i: not rig.running(side) or made(rig) > n, "something happens", watched=())
                if not rig.running(side):
                    break
            code = rig.wait_until_ended(side)
            check(code == -signal.SIGKILL, f"{side} ended with {code}")
        rig.start(side)
        poll_again(rig)
        send_again_until_whole(rig, scene)


@needs_memory_groups
def low_side_killed_for_want_of_memory():
    killed_for_want_of_memory("low")


@needs_memory_groups
def high_side_killed_for_want_of_memory():
    killed_for_want_of_memory("high")


if __name__ == "__main__":
    main([clients_beyond_the_limit, high_side_without_descriptors, low_side_without_descriptors, busy_within_the_documented_memory,
          low_side_killed_for_want_of_memory, high_side_killed_for_want_of_memory])
