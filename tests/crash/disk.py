"""Where a daemon's state lies: a folder, or an ext4 file system of its own, whose power can be cut.

cut() shuts the file system down at once (EXT4_IOC_SHUTDOWN): what was not synced, and not written back by chance, is gone after restore(), as after a power loss.
"""
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

IMAGE_BYTES = 512 << 20  # sparse; RocksDB's logs and a few hundred small files fit many times over
SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
LOG_FLUSH, NO_LOG_FLUSH = 1, 2  # whether the journal's last transaction is still written


class Unavailable(Exception):
    """This machine does not let us have such a disk; the text says why."""


class Folder:
    """Survives a kill as it is: only the process dies."""

    cuts = False

    def __init__(self, place):
        self.place = pathlib.Path(place)
        self.place.mkdir(parents=True)

    def cut(self, flush=False):
        raise OSError("a folder has no power of its own")

    def restore(self):
        pass

    def close(self):
        shutil.rmtree(self.place, ignore_errors=True)


class Disk:
    cuts = True

    def __init__(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-disk-"))
        self.place = self._folder / "mount"
        self._image = self._folder / "image"
        self._device = None
        try:
            self.place.mkdir()
            with open(self._image, "wb") as image:
                image.truncate(IMAGE_BYTES)
            self._run("mkfs.ext4", "-q", "-F", "-m", "0", self._image)
            self._mount()
            self._try()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise Unavailable(str(error)) from error
            raise

    def _try(self):
        """A file that was never synced must be gone: else nothing here would prove anything."""
        (self.place / "unsynced").write_bytes(b"x")
        self.cut()
        self.restore()
        if (self.place / "unsynced").exists():
            raise OSError("what was not synced survives a shutdown of the file system")

    def _run(self, *command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
        return done.stdout.strip()

    def _mount(self):
        """On a new loop device each time: a mount namespace that somebody else made may still hold the last one, with what was cut."""
        self._device = self._run("losetup", "--find", "--show", self._image)
        self._run("mount", "-o", "noatime", self._device, self.place)

    def _unmount(self):
        """Tries again while it is busy: a process that this one has just forked holds its files until it becomes another program."""
        for _ in range(250):
            if not os.path.ismount(self.place) or subprocess.run(["umount", str(self.place)], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.02)
        else:
            self._run("umount", "--lazy", self.place)
        self._run("losetup", "--detach", self._device)
        self._device = None

    def cut(self, flush=False):
        """From here on nothing reaches the disk; whoever still tries gets EIO."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", LOG_FLUSH if flush else NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def restore(self):
        """Power again: nobody may have a file open. The journal is replayed."""
        self._unmount()
        self._mount()

    def close(self):
        if self._device:
            self._unmount()
        shutil.rmtree(self._folder, ignore_errors=True)
