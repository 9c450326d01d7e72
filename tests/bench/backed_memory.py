#!/usr/bin/env python3
"""Gives this machine free memory that its host has backed, and keeps it so until standard input ends: backed_memory.py MEBIBYTES

A virtual machine whose balloon reports free pages (virtio 1.2, 5.5.6.4) loses them to its host within seconds. Whoever touches one next waits for
the host: 2 ns a byte were measured, four times what hashing costs, and it would be counted as the work of whoever wrote a file. Pages are reported in
blocks that are free whole, of /sys/module/page_reporting/parameters/page_reporting_order; one page held in each of them keeps the rest.
Prints "ready" when the memory is there. Root: others do not see where a page lies.
"""
import array
import ctypes
import mmap
import sys

PAGE = 4096
PIECE = 2 << 20
FRAME_BITS = (1 << 55) - 1  # Documentation/admin-guide/mm/pagemap.rst


def take(size):
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)  # of a huge page nothing is free before all of it is
    zeros = bytes(PIECE)
    for at in range(0, size, PIECE):
        memory[at : at + PIECE] = zeros
    return memory


def frames(memory, size):
    """The physical page of every page of the memory."""
    length = size // PAGE
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        pagemap.seek(address // PAGE * 8)
        entries = array.array("Q")
        while len(entries) < length:
            entries.frombytes(pagemap.read((length - len(entries)) * 8))
    return [entry & FRAME_BITS for entry in entries]


def main():
    size = int(sys.argv[1]) << 20
    with open("/sys/module/page_reporting/parameters/page_reporting_order", encoding="ascii") as file:
        block = 1 << int(file.read())
    memory = take(size)
    held, start = set(), 0
    for page, frame in enumerate(frames(memory, size)):
        if frame // block not in held:
            held.add(frame // block)
            give_back(memory, start, page)
            start = page + 1
    give_back(memory, start, size // PAGE)
    print("ready", flush=True)
    sys.stdin.read()


def give_back(memory, first, end):
    if end > first:
        memory.madvise(mmap.MADV_DONTNEED, first * PAGE, (end - first) * PAGE)


if __name__ == "__main__":
    main()
