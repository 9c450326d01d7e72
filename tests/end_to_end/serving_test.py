#!/usr/bin/env python3
"""A thousand clients at once, some of which take nothing of what they asked for: memory stays bounded, others are served meanwhile, answers to
pipelined requests come in their order, and a broken-off download resumes."""
import contextlib
import hashlib
import socket

from rig import Rig, check, main, run
from scene import Scene

CLIENTS = 1000
SLOW = 300
# A connection keeps 8 KiB of buffer, its coroutines and its timer; the kernel's buffers are not the program's.
BYTES_FOR_EACH = 64 << 10
PATH = "/files/drop/sub%20dir/big.bin"


def resident(rig):
    with open(f"/proc/{rig.pid('high')}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))


def connect(rig):
    return socket.create_connection(("127.0.0.1", rig.serve), timeout=60)


def request(path, **fields):
    more = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\nHost: h\r\n{more}\r\n".encode()


def read_answer(stream):
    """(head, body) of one answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        check(line, "the server closed instead of answering")
        head += line
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    return head.decode(), stream.read(length)


def filled():
    """A high side that holds the drop folder's files; the low side has done its part."""
    stack = contextlib.ExitStack()
    scene, rig = stack.enter_context(Scene()), stack.enter_context(Rig())
    rig.configure("low", scene.sources(kinds=("files",)))
    rig.start("high")
    rig.start("low")
    rig.wait_until_crossed()
    rig.stop("low")
    return stack, scene, rig


def test_many_clients_in_bounded_memory():
    stack, scene, rig = filled()
    with stack:
        whole = (scene.drop / "sub dir/big.bin").read_bytes()
        check(rig.get(PATH)[2] == whole, "the file is not what was dropped")
        before = resident(rig)
        clients = [stack.enter_context(connect(rig)) for _ in range(CLIENTS)]
        for client in clients[:SLOW]:
            client.sendall(request(PATH))  # and take nothing of it
        for client in clients[SLOW:]:
            client.sendall(request("/files/drop/empty"))
        for client in clients[SLOW:]:
            with client.makefile("rb") as stream:
                check(read_answer(stream)[0].startswith("HTTP/1.1 200"), "a client was turned away")
        # All are here still; one more is served as if it were alone.
        open_now = rig.metric("high", "sluice_http_connections")
        check(open_now >= CLIENTS, f"of {CLIENTS} clients {open_now} are left")
        check(rig.get(PATH)[2] == whole, "a new client got other bytes")
        grown = resident(rig) - before
        print(f"{CLIENTS} clients cost {grown >> 10} KiB")
        check(grown <= CLIENTS * BYTES_FOR_EACH, f"{CLIENTS} clients cost {grown >> 10} KiB")
        # Those who took nothing get the rest when they come for it.
        with clients[0].makefile("rb") as stream:
            check(read_answer(stream)[1] == whole, "a client that waited got other bytes")


def test_pipelined_requests_are_answered_in_their_order():
    stack, scene, rig = filled()
    with stack:
        whole = (scene.drop / "sub dir/big.bin").read_bytes()
        with connect(rig) as client, client.makefile("rb") as stream:
            for first in range(0, 200, 2):
                client.sendall(request(PATH, Range=f"bytes={first}-{first + 1}") + request("/files/drop/none") + request("/files/drop/empty"))
            for first in range(0, 200, 2):
                head, body = read_answer(stream)
                check(head.startswith("HTTP/1.1 206") and body == whole[first:first + 2], f"the answer of byte {first} is another's")
                check(read_answer(stream)[0].startswith("HTTP/1.1 404"), "an answer has come too early")
                check(read_answer(stream)[0].startswith("HTTP/1.1 200"), "an answer has come too early")


def test_a_broken_off_download_resumes():
    stack, scene, rig = filled()
    with stack:
        whole = (scene.drop / "sub dir/big.bin").read_bytes()
        with connect(rig) as client, client.makefile("rb") as stream:
            client.sendall(request(PATH))
            while stream.readline() != b"\r\n":
                pass
            part = stream.read(1_000_000)  # then the cable is pulled
        target = rig.folder / "part"
        target.write_bytes(part)
        run("curl", "-fsS", "-C", "-", "-o", target, f"http://127.0.0.1:{rig.serve}{PATH}")
        check(hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(whole).digest(), "the resumed file differs")


if __name__ == "__main__":
    main([test_many_clients_in_bounded_memory, test_pipelined_requests_are_answered_in_their_order, test_a_broken_off_download_resumes])
