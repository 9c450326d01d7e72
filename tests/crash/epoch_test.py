#!/usr/bin/env python3
"""A low side that starts again always has a higher epoch, also when the clock has gone back and when the power failed; so its receiver takes it, and nothing older."""
import sys

import paths
from crash_rig import CrashRig
from disk import Disk, Unavailable
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
    """Each start is a day before the last one, by its clock."""
    power = can_cut()
    with Releases(seed=1) as releases, CrashRig(power=power) as rig:
        rig.configure("low", releases.sources(("files",)))
        rig.configure("high")
        clock = Faults(rig.folder)
        rig.start("high")
        rig.start("low", clock.environment)
        epochs = [rig.status("low")["link"]["epoch"]]
        for days in range(1, 4):
            releases.release_file()
            rig.kill(["low"], cut=power)
            clock.set(f"clock - offset={-days * DAY}")
            rig.start("low", clock.environment)
            epochs.append(rig.status("low")["link"]["epoch"])
            rig.wait_until(lambda e=epochs[-1]: rig.status("high")["streams"][0]["epoch"] == e, "the high side has taken the session")
            rig.settle()
        check(all(later > earlier for earlier, later in zip(epochs, epochs[1:])), f"the epochs were {epochs}")
        times = {side: rig.status(side)["time"] for side in ("low", "high")}
        check(times["low"][:len("0000-00-00")] < times["high"], f"the clock of the low side was not set back: {times}")


if __name__ == "__main__":
    main([epoch_grows_when_the_clock_goes_back])
