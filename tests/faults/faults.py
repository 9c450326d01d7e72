"""What the tests of faults share: small disks, system calls that fail, and the question whether everything is there afterwards."""
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import signal
import struct
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import rig as rigs  # noqa: E402
from rig import BUILD, Rig, check, run  # noqa: E402
from scene import Scene, drop_contents  # noqa: E402

MIB = 1 << 20
EXIT_STORAGE = 5
LOST = 'sluice_link_blocks_total{result="lost"}'


class Faults:
    """Rules for preload.cpp, which a daemon follows that was started with `environment`. They may change while it runs."""

    def __init__(self, folder, name="faults"):
        self._file = folder / name
        self.set()
        self.environment = {"LD_PRELOAD": str(BUILD / "tests/faults/libsluice_faults.so"), "SLUICE_FAULTS": str(self._file),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}  # with a sanitizer it is not the first

    def set(self, *rules):
        self._hits = pathlib.Path(f"{self._file}.hits")
        self._hits.unlink(missing_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text("".join(rule + "\n" for rule in rules))
        # The old file is kept until the next change, so that the new one has another inode.
        if self._file.exists():
            self._file.replace(self._file.with_suffix(".old"))
        beside.replace(self._file)

    def hits(self):
        return len(self._hits.read_text().split()) if self._hits.exists() else 0


class Disk:
    """A file system of its own for a side's state, on a loop device. Sparse: a full one takes no space."""

    SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32)

    def __init__(self, rig, side, mebibytes, *options):
        self.place = rig.folder / side / "state"
        self.place.mkdir(parents=True, exist_ok=True)
        self._image = rig.folder / f"{side}.image"
        self._balloon = self.place / "balloon"
        with open(self._image, "wb") as image:
            image.truncate(mebibytes * MIB)
        run("mkfs.ext4", "-q", "-m", "0", *options, self._image)

    def __enter__(self):
        self.mount()
        return self

    def __exit__(self, *_):
        run("umount", "-l", self.place, ok=False)

    def mount(self):
        run("mount", "-o", "loop", self._image, self.place)

    def remount(self):
        """After a failure: the journal is replayed, as after a new start of the machine.

        The dead file system goes on as long as another mount namespace has it, such as that of any `ip netns exec` that began meanwhile.
        """
        deadline = time.monotonic() + rigs.LIMIT_SECONDS
        while True:
            run("umount", self.place)
            self.mount()
            with contextlib.suppress(OSError):
                (self.place / "alive").touch()
                return
            check(time.monotonic() < deadline, f"{self.place} is held by somebody else")
            time.sleep(0.1)

    def free(self):
        info = os.statvfs(self.place)
        return info.f_bavail * info.f_frsize

    def fill(self, leave=0):
        """Leaves so many bytes."""
        with open(self._balloon, "ab") as balloon:
            size = balloon.tell()
            while self.free() > leave:
                step = max(4096, (self.free() - leave) // 4096 * 4096)
                try:
                    os.posix_fallocate(balloon.fileno(), size, step)
                    size += step
                except OSError:  # what is left is the file system's own
                    return

    def use_up_inodes(self):
        folder = self.place / "inodes"
        folder.mkdir()
        with contextlib.suppress(OSError):
            for i in range(1 << 20):
                (folder / str(i)).touch()

    def relieve(self):
        self._balloon.unlink(missing_ok=True)
        if (self.place / "inodes").exists():
            run("rm", "-rf", self.place / "inodes")

    def die(self):
        """From now on everything fails with EIO, and what is not in the journal is lost."""
        place = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(place, self.SHUTDOWN, struct.pack("I", 2))  # without flushing the log
        finally:
            os.close(place)


@contextlib.contextmanager
def pair(kinds=("files",), low=(), seed=1, **options):
    """Upstreams and a rig that mirrors them, not started. `low`: further sections of the low side's configuration."""
    namespaces = options.get("namespaces")
    with Scene(namespaces, seed) as scene, Rig(low_extra=scene.sources(kinds=kinds) + list(low), **options) as rig:
        if "apt" in kinds:
            rig.configure("high", [("[apt]", {"archive": "debian", "keyrings": [rig.folder / "low/apt/site.asc"]})])
        scene.wait_until_up(rig)
        yield rig, scene


def poll_again(rig, source=0):
    """Asks for a poll by SIGHUP and waits until it has ended, well or badly."""
    def ended():
        state = rig.status("low")["sources"][source]
        return state["polls"] + state["failures"]
    before = ended()
    rig.send_signal("low", signal.SIGHUP)
    rig.wait_until(lambda: ended() > before, "the source was polled again")


def drop(scene, name, size):
    """A further file in the drop folder."""
    (scene.drop / name).write_bytes(scene.dice.randbytes(size))


def events(rig, side, name, *words):
    """The lines of the log that tell this event and have all the words."""
    return [line for line in rig.log(side).split("\n") if f" {name} " in line + " " and all(word in line for word in words)]


def check_alert(rig, side, name, *words):
    rig.wait_until(lambda: events(rig, side, name, *words), f"{side} tells {name} with {words}")


def check_on_events(rig, side, name):
    """The event is among the last that /events gives to whoever asks now. Not through namespaces."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.low_status if side == "low" else rig.high_status, timeout=30)
    try:
        connection.request("GET", "/events?last=1000")
        stream = connection.getresponse()
        while name.encode() not in (line := stream.readline()):
            check(line, f"/events of {side} ended without {name}")
    finally:
        connection.close()


def healthy(rig, side):
    return rig.http(rig.low_status if side == "low" else rig.high_status, "/healthz", side=side)[0] == 200


def metrics(rig, side):
    """All of /metrics, by name with labels."""
    _, _, body = rig.http(rig.low_status if side == "low" else rig.high_status, "/metrics", side=side)
    lines = [line.rpartition(" ") for line in body.decode().split("\n") if line and not line.startswith("#")]
    return {name: int(float(value)) for name, _, value in lines}


def resend_gaps(rig):
    """What an operator does: asks the high side what is missing, and has it sent again."""
    for gap in json.loads(rig.http(rig.high_status, "/gaps")[2])["gaps"]:
        rig.run("low", "resend", f"{gap['first']}-{gap['last']}")


def wait_until_under_way(rig):
    """A part of a shipment has arrived, and more of it is being sent."""
    rig.wait_until(lambda: rig.status("low")["link"]["sending"] and rig.status("high")["assembly"]["held_bytes"] > 0, "a shipment is under way")


def wait_until_idle(rig):
    """Every source has been polled, and all that the low side has made has been sent."""
    def idle():
        low = rig.status("low")
        polled = all(source["polls"] + source["failures"] > 0 for source in low["sources"])  # before that nothing waits, since nothing is made
        return polled and low["spool"]["pending_passes"] == 0
    rig.wait_until(idle, "everything is sent")


@contextlib.contextmanager
def client(rig):
    """A function that gets paths from the mirrors: over one connection where it can."""
    connection = None if rig.namespaces else http.client.HTTPConnection("127.0.0.1", rig.serve, timeout=60)

    def get(path):
        if connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            status, body = answer.status, answer.read()
        else:
            status, _, body = rig.get(path)
        check(status == 200, f"{path} answered {status} {body[:200]}")
        return body
    try:
        yield get
    finally:
        if connection:
            connection.close()


def check_files(rig, contents):
    with client(rig) as get:
        for path, content in contents.items():
            check(get("/files/drop/" + urllib.parse.quote(path)) == content, f"{path} has other bytes")


def check_whole(rig, scene, kinds=("files",)):
    """The catalog is that of an undisturbed run: each document that the upstreams have, bit for bit, and no other; nothing is missing."""
    last = rig.status("low")["spool"]["last_sequence"]
    rig.wait_until(lambda: rig.published() >= last, f"shipment {last} is published")
    check("no gaps" in rig.run("high", "gaps").stdout, "there are gaps")
    if "files" in kinds:
        check_files(rig, drop_contents(scene))
    if "npm" in kinds:
        with client(rig) as get:
            for name, integrity in scene.integrity.items():
                dist = json.loads(get("/npm/" + name))["versions"]["1.0.0"]["dist"]
                check(dist["integrity"] == integrity, f"{name} has another integrity")
                tarball = get(urllib.parse.urlparse(dist["tarball"]).path)
                check(hashlib.sha1(tarball).hexdigest() == dist["shasum"], f"the tarball of {name} is another")


def send_again_until_whole(rig, scene, kinds=("files",), rounds=5):
    """Sends what is missing again until nothing is; one round is enough where the cause has gone."""
    last = rig.status("low")["spool"]["last_sequence"]

    def told():
        """The high side shows all, or knows what it misses."""
        high = rig.status("high")
        return high["streams"][0]["alive"] and high["streams"][0]["highest"] >= last and high["assembly"]["queued_bytes"] == 0
    for _ in range(rounds):
        wait_until_idle(rig)
        rig.wait_until(told, "the high side knows of everything that was sent")
        if rig.published() >= last:
            break
        resend_gaps(rig)
    check_whole(rig, scene, kinds)


def main(tests):
    """As rig.main(); says why where these tests cannot be had."""
    if os.geteuid() != 0:
        print("SKIPPED: mounting, namespaces and limits need root")
        sys.exit(77)
    rigs.main(tests)
