#!/usr/bin/env python3
"""A UDP relay that reorders, duplicates and loses, seeded: impair.py LISTEN_PORT TARGET_HOST:PORT PER_10000 SEED LOST_PER_10000

Each datagram is, with the given chance each, sent twice, or held back until up to 200 later ones have passed, or lost. Prints what it did, as JSON, when it is told
to stop.
"""
import contextlib
import json
import random
import signal
import socket
import sys

ANNOUNCE = 3  # the kind of a datagram, its fifth byte: announces are repeated anyhow, so that a second one is no replay
SO_RCVBUFFORCE = 33  # asm-generic/socket.h; Python has no name for it


def main():
    port, target, chance, seed, loss = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    host, _, target_port = target.rpartition(":")
    source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    source.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    source.bind(("127.0.0.1", port))
    source.settimeout(0.2)
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.connect((host, int(target_port)))

    def send(datagram):
        with contextlib.suppress(ConnectionRefusedError):  # nobody listens at the moment, which a diode would not tell either
            sink.send(datagram)

    dice = random.Random(seed)
    held = []  # (how many more datagrams pass before it, datagram)
    counts = {"passed": 0, "duplicated": 0, "reordered": 0, "lost": 0}
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    while not stopping:
        try:
            datagram = source.recv(65536)
        except socket.timeout:
            for _, waiting in held:  # a pause: nothing will come after these, so let them go
                send(waiting)
            held.clear()
            continue
        counts["passed"] += 1
        if dice.randrange(10000) < loss:
            counts["lost"] += 1
            continue
        if dice.randrange(10000) < chance:
            held.append((dice.randrange(1, 200), datagram))
            counts["reordered"] += 1
        else:
            send(datagram)
            if dice.randrange(10000) < chance:
                send(datagram)
                counts["duplicated"] += datagram[4] != ANNOUNCE
        held = [(left - 1, waiting) for left, waiting in held]
        for left, waiting in held:
            if left <= 0:
                send(waiting)
        held = [(left, waiting) for left, waiting in held if left > 0]
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
