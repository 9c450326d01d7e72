#!/usr/bin/env python3
"""A low side that starts again always has a higher epoch, also when the clock has gone back and when the power failed; so its receiver takes it, and nothing older."""
import re
import sys

import paths
from crash_rig import CrashRig
from disk import Disk, Unavailable
from points import LOG
from releases import Releases
from rig import check, main

sys.path.insert(0, str(paths.TESTS / "faults"))
from faults import Faults  # noqa: E402

DAY = 86400


def can_cut():
    try:
        Disk().close()
    except Unavailable as reason:
        print(f"without power cuts: {reason}")
        return False
    return True


def epoch_grows_when_the_clock_goes_back():
    """Each start is a day before the last one, by its clock. Half of them end before the epoch has been synced, the others before anything else has been written."""
    power = can_cut()
    with Releases(seed=1) as releases, CrashRig(power=power) as rig:
        rig.configure("low", releases.sources(("files",)))
        rig.configure("high")
        clock = Faults(rig.folder)

        def begun():
            """The epochs of all sessions that were begun, as the log has them."""
            return [int(epoch) for epoch in re.findall(r"link.session_started .*epoch=(\d+)", rig.log("low"))]

        rig.start("high")
        rig.start("low", clock.environment)
        rig.settle()
        for days in range(1, 7, 2):
            rig.kill(["low"], cut=power)
            clock.set(f"clock - offset={-days * DAY}")
            rig.spawn_at_point("low", f"before fdatasync {LOG}", clock.environment)
            rig.wait_until_killed("low", "the epoch in the log; the log on disk")
            clock.set(f"clock - offset={-(days + 1) * DAY}")
            rig.start("low", clock.environment)
            rig.wait_until(lambda: rig.status("high")["streams"][0]["epoch"] == begun()[-1], "the high side has taken the session")
        releases.release_file()
        rig.poll_again()
        rig.settle()
        check(len(begun()) >= 4 and all(later > earlier for earlier, later in zip(begun(), begun()[1:])), f"the epochs were {begun()}")
        times = {side: rig.status(side)["time"] for side in ("low", "high")}
        check(times["low"][:len("0000-00-00")] < times["high"], f"the clock of the low side was not set back: {times}")


if __name__ == "__main__":
    main([epoch_grows_when_the_clock_goes_back])
