#!/usr/bin/env python3
"""Kills a daemon at each named point (points.py), on a file system that loses what was not synced at that moment; in the end the high side holds what an undisturbed
run holds, and no staging file is left.

  points_test.py [--short] [--sigkill] [NAME...]     --sigkill: the file system stays as it is
"""
import argparse
import os
import pathlib
import queue
import signal
import sys
import tempfile
import threading
import time
import traceback

import paths
from catalog import compare
from crash_rig import CrashRig
from disk import Unavailable
from points import HIGH, INIT, LOW, SHORT
from releases import Releases
from rig import HIGH as HIGH_PROGRAM
from rig import LOW as LOW_PROGRAM
from rig import Failure, check, run

LINK = {"outage": "1ms"}
SLOW = {"rate": "4Mbit/s", "outage": "1ms"}
WORKERS = 3  # a point waits for announces and heartbeats most of the time


class Scene:
    """One rig for many points, begun from nothing for each, and the catalogs of undisturbed runs."""

    def __init__(self, power):
        self._power = power
        self._expected = {}
        self._releases = Releases(seed=1)
        try:
            self._rig = CrashRig(power=power, link=LINK)
        except BaseException:
            self._releases.close()
            raise

    def _configure(self, kinds, slow=False):
        self._rig.configure("low", self._releases.sources(kinds), override={"link": SLOW} if slow else None)
        self._rig.configure("high")

    def _undisturbed(self, kinds):
        if kinds not in self._expected:
            self._rig.new_disks(power=False)
            self._configure(kinds)
            self._rig.start("high")
            self._rig.start("low")
            self._expected[kinds] = self._finish()
        return self._expected[kinds]

    def _finish(self):
        """The catalog, once all has crossed and both have been stopped."""
        self._rig.settle()
        found = self._rig.catalog()
        for side in ("low", "high"):
            self._rig.stop(side)
        self._rig.check_nothing_left_over()
        return found

    def die_and_recover(self, point):
        expected = self._undisturbed(point.kinds)
        self._rig.new_disks()
        self._configure(point.kinds, point.slow)
        if point.lie:
            self._releases.fault("/npm/alpha/-/", "flip")
        {"start": self._die_at_start, "stop": self._die_at_stop, "again": self._die_at_second_start, "seen": self._die_when_seen}[point.when](point)
        if point.lie:
            self._releases.fault("/npm/alpha/-/", "none")
        self._configure(point.kinds)
        if point.slow and "low" in self._rig.running():
            self._rig.stop("low")
        for side in ("high", "low"):
            if side not in self._rig.running():
                self._rig.spawn(side)
        for side in ("high", "low"):
            self._rig.wait_until(lambda s=side: self._rig.healthy(s), f"{side} is up")
        compare(expected, self._finish())

    def _start_both(self, point):
        """The high side first: what is sent before it listens is lost to it."""
        for side in ("high", "low"):
            if side == point.side:
                self._rig.spawn_at_point(side, point.steps)
                self._rig.wait_until_up_or_dead(side)
            else:
                self._rig.spawn(side)
                self._rig.wait_until_up_or_dead(side)

    def _wait_until_under_way(self):
        self._rig.wait_until(lambda: self._rig.status("high")["assembly"]["held_bytes"] > 0, "a part has arrived")

    def _die_at_start(self, point):
        self._start_both(point)
        self._rig.wait_until_killed(point.side, point.between)

    def _die_at_stop(self, point):
        self._start_both(point)
        self._wait_until_under_way()
        self._rig.send_signal(point.side, signal.SIGTERM)
        self._rig.wait_until_killed(point.side, point.between)

    def _die_at_second_start(self, point):
        self._rig.start("high")
        self._rig.start("low")
        self._wait_until_under_way()
        self._rig.kill([point.side], cut=self._power)
        self._rig.spawn_at_point(point.side, point.steps)
        self._rig.wait_until_killed(point.side, point.between)

    def _die_when_seen(self, point):
        def done():
            status = self._rig.status(point.side)
            return status["catalog"]["edition"] if point.side == "high" else status["spool"]["last_sequence"]

        self._rig.start("high")
        self._rig.start("low")
        seen = self._rig.wait_until(done, "it has done something")
        self._rig.kill([point.side], cut=self._power)
        self._rig.start(point.side)
        check(done() >= seen, f"{seen} was seen before the kill, and it is {done()} now")

    def begin_anew(self):
        """After a failure."""
        self._rig.kill(list(self._rig.running()))

    def close(self):
        self._rig.close()
        self._releases.close()


def init_again(point):
    """A second init makes what the first did not, and the keys stay what they are."""
    program = LOW_PROGRAM if point.side == "low" else HIGH_PROGRAM
    with tempfile.TemporaryDirectory(prefix="sluice-init-") as place:
        folder = pathlib.Path(place) / "etc"
        killed = run(program, "init", folder, ok=False, env={**os.environ, "LD_PRELOAD": str(paths.KILL_POINT), "SLUICE_KILL_POINT": point.steps})
        check(killed.returncode == -signal.SIGKILL, f"init ended with {killed.returncode} and never came to the point: {point.between}\n{killed.stderr}")
        run(program, "init", folder)
        made = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        check(not [path for path in made if path.suffix == ".new"], f"left over: {sorted(made)}")
        check("made " not in run(program, "init", folder).stdout, "a third init made something again")
        check(made == {path: path.read_bytes() for path in made}, "a third init changed something")


class Runner:
    def __init__(self, points, power):
        self._points, self._power = queue.SimpleQueue(), power
        for point in points:
            self._points.put(point)
        self._lock = threading.Lock()
        self.failed = 0
        self.unavailable = None

    def run(self):
        workers = [threading.Thread(target=self._work) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            for worker in workers:
                worker.join()
        except KeyboardInterrupt:
            while not self._points.empty():  # each worker ends, and cleans up, after the point it is at
                self._points.get()
            for worker in workers:
                worker.join()
            raise

    def _work(self):
        try:
            scene = Scene(self._power)
        except Unavailable as reason:
            self.unavailable = reason
            return
        try:
            while not self._points.empty():
                self._try(scene, self._points.get())
        finally:
            scene.close()

    def _try(self, scene, point):
        started = time.monotonic()
        try:
            if point in INIT:
                init_again(point)
            else:
                scene.die_and_recover(point)
            self._say(f"ok    {title(point)}  {time.monotonic() - started:.1f} s  between {point.between}")
        except Exception as error:  # told, and the next point is tried
            self.failed += 1
            self._say(f"FAIL  {title(point)}: {error}\n{'' if isinstance(error, Failure) else traceback.format_exc()}")
            scene.begin_anew()

    def _say(self, text):
        with self._lock:
            print(text, flush=True)


def title(point):
    return f"{'init' if point in INIT else 'run'}.{point.side}.{point.name}"


def chosen(options):
    points = HIGH + LOW + INIT
    if options.short:
        points = [point for point in points if point.name in SHORT["init" if point in INIT else point.side]]
    return [point for point in points if not options.names or title(point) in options.names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a choice of them")
    parser.add_argument("--sigkill", action="store_true", help="the file system stays as it is")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    points = chosen(options)
    runner = Runner(points, power=not options.sigkill)
    runner.run()
    if runner.unavailable:
        print(f"skipped: {runner.unavailable}")
        return 77
    print(f"{len(points)} points, {runner.failed} failed")
    return 1 if runner.failed or not points else 0


if __name__ == "__main__":
    sys.exit(main())
