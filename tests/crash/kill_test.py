#!/usr/bin/env python3
"""Kills both daemons at random moments of a busy run, over and over; in the end the high side holds what an undisturbed run holds.

  kill_test.py [--kills N] [--seed S] [--side low|high|both] [--power-loss] [--apt]
"""
import argparse
import collections
import random
import signal
import sys
import time

import paths  # noqa: F401
from catalog import compare
from crash_rig import CrashRig
from disk import Unavailable
from poller import Poller, Watch
from releases import Releases
from rig import Failure, check

# Slow enough that there is nearly always a pass on the wire, and several blocks to a pass.
LINK = {"outage": "1ms"}
RATE = "8Mbit/s"
PASSES = ["0s", "1s"]
LOSS = 100  # of 10000 datagrams
AGAIN = 0.15  # of the kills are followed by another within the start
LONGEST_START = 0.5  # seconds; a start takes a tenth to a half
CUT = 0.7  # of the kills, where disks can be cut; the others leave the disk as it is
FLUSHED = 0.2  # of the cuts: the journal's last transaction is still written
LONGEST_BETWEEN_KILLS = 2.5  # seconds; a high side that has just started waits up to one for the announce


class Run:
    def __init__(self, rig, releases, dice, watch, power):
        self._rig, self._releases, self._dice, self._watch, self._power = rig, releases, dice, watch, power
        self.busy = collections.Counter()
        self.kills = collections.Counter()
        self.cuts = self.in_start = 0
        self._epoch = rig.status("low")["link"]["epoch"]
        self._first_edition = self._edition = rig.status("high")["catalog"]["edition"]
        self._sequence = 0

    def round(self, sides):
        """Something new, a while, a kill, a restart."""
        for _ in range(self._dice.randint(1, 3)):
            self._releases.release()
        self._rig.send_signal("low", signal.SIGHUP)
        if self._dice.random() < 0.25:
            self._rig.resend_gaps()
        time.sleep(self._dice.uniform(0, LONGEST_BETWEEN_KILLS))  # the moment of the kill is what is random here
        for side in sides:
            work = self._rig.work_under_way(side)
            self.busy.update((side, activity) for activity in work)
            self.busy[side, "any"] += bool(work)
            self.kills[side] += 1
        self._note_progress()
        if "high" in sides:
            self._watch.down()
        self._kill(sides)
        while self._dice.random() < AGAIN:
            for side in sides:
                self._rig.spawn(side)
            time.sleep(self._dice.uniform(0, LONGEST_START))
            self._kill(sides)
            self.in_start += len(sides)
        for side in sides:
            self._rig.start(side)
        if "high" in sides:
            self._watch.up()
        self._check_progress(sides)

    def _kill(self, sides):
        cut = self._dice.random() < CUT and self._power
        self.cuts += len(sides) if cut else 0
        self._rig.kill(sides, cut, flush=self._dice.random() < FLUSHED)

    def _note_progress(self):
        self._edition = max(self._edition, self._rig.status("high")["catalog"]["edition"])
        self._sequence = max(self._sequence, self._rig.status("low")["spool"]["last_sequence"])

    def _check_progress(self, sides):
        if "low" in sides:
            low = self._rig.status("low")
            check(low["link"]["epoch"] > self._epoch, f"the epoch was {self._epoch} and is {low['link']['epoch']} after a restart")
            check(low["spool"]["last_sequence"] >= self._sequence, "the low side forgot a shipment")
            self._epoch = low["link"]["epoch"]
        if "high" in sides:
            check(self._rig.status("high")["catalog"]["edition"] >= self._edition, "the high side forgot an edition")

    def report(self):
        print(f"{sum(self.kills.values())} kills and {self.in_start} more within a start; the power was cut at {self.cuts} of them; "
              f"{self._edition - self._first_edition} editions were published meanwhile", flush=True)
        for side, kills in sorted(self.kills.items()):
            work = {activity: count for (of, activity), count in sorted(self.busy.items()) if of == side and activity != "any"}
            print(f"{side}: {kills} kills, {self.busy[side, 'any']} of them with work under way {work}", flush=True)


def schedule(kills, side, dice):
    """Which daemons are killed in each round: as often as asked for, now and then both at once."""
    left = {name: kills for name in ("low", "high") if side in (name, "both")}
    rounds = []
    while left:
        sides = list(left) if dice.random() < 0.1 else [dice.choice(list(left))]
        for name in sides:
            left[name] -= 1
        rounds.append(sides)
        left = {name: count for name, count in left.items() if count > 0}
    return rounds


def undisturbed(releases):
    with CrashRig(low_extra=releases.sources(), high_extra=releases.mirrors()) as rig:
        rig.configure("low", releases.sources())
        rig.configure("high", releases.mirrors())
        rig.start("high")
        rig.start("low")
        rig.settle()
        return rig.catalog(releases.archive is not None)


def disturbed(options, releases):
    dice = random.Random(options.seed)
    started = time.monotonic()
    with CrashRig(power=options.power_loss, loss=LOSS, rate=RATE, link=LINK, spool={"passes": PASSES}) as rig:
        rig.configure("low", releases.sources())
        rig.configure("high", releases.mirrors())
        rig.start("high")
        rig.start("low")
        rig.settle()
        watch = Watch()
        run = Run(rig, releases, dice, watch, options.power_loss)
        with Poller(rig.serve, releases, watch) as poller:
            for number, sides in enumerate(schedule(options.kills, options.side, dice), 1):
                run.round(sides)
                poller.assert_well()
                if number % 50 == 0:
                    print(f"{number} rounds, {time.monotonic() - started:.0f} s", flush=True)
            rig.poll_again()
            rig.settle()
            poller.assert_well()
        poller.assert_well()
        run.report()
        print(f"poller: {poller.sweeps} sweeps, {poller.requests} requests, {poller.cut} cut by a kill, {poller.refused} answered 5xx in a restart; "
              f"{time.monotonic() - started:.0f} s", flush=True)
        check(poller.sweeps > 0, "the poller never came to the end")
        found = rig.catalog(releases.archive is not None)
        for side in ("low", "high"):
            rig.stop(side)
            rig.start(side)  # sweeps what the last kill left
        for side in ("low", "high"):
            rig.stop(side)
        rig.check_nothing_left_over()
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10, help="of each daemon")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--side", choices=("low", "high", "both"), default="both")
    parser.add_argument("--power-loss", action="store_true", help="what was not synced is lost at most kills; needs root and loop mounts")
    parser.add_argument("--apt", action="store_true", help="a Debian archive too")
    options = parser.parse_args()
    options.seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {options.seed}: {options.kills} kills, side {options.side}, {'power loss' if options.power_loss else 'SIGKILL alone'}", flush=True)
    try:
        with Releases(options.seed, apt=options.apt) as releases:
            found = disturbed(options, releases)
            expected = undisturbed(releases)
        compare(expected, found)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return 77
    except Failure as failure:
        print(f"FAIL  seed {options.seed}: {failure}")
        return 1
    print(f"the catalog is that of an undisturbed run: {len(expected)} documents and files", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
