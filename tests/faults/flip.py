#!/usr/bin/env python3
"""A UDP relay that flips one bit: flip.py LISTEN_PORT TARGET_HOST:PORT

Of symbols only: the n-th that it spoils is hit at byte n modulo its length, so that every place of header, ciphertext and tag has its turn. It reads commands
from its standard input, a line each, and answers with the number of symbols it has spoiled so far: how many symbols there are for each spoiled one, 0 for none.
"""
import selectors
import socket
import sys

SO_RCVBUFFORCE = 33  # asm-generic/socket.h; Python has no name for it
SYMBOL = b"SLC\x01\x01"
HEADER = 44
TAG = 16


def place(number, length):
    """Header, tag and the ciphertext in turn; a different bit each time round."""
    places = [*range(HEADER), *range(length - TAG, length), *range(HEADER, length - TAG, 97)]
    return places[number % len(places)], 1 << (number // len(places) + number) % 8


def main():
    host, _, port = sys.argv[2].rpartition(":")
    source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    source.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    source.bind(("127.0.0.1", int(sys.argv[1])))
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.connect((host, int(port)))
    both = selectors.DefaultSelector()
    both.register(source, selectors.EVENT_READ)
    both.register(sys.stdin, selectors.EVENT_READ)
    every = seen = spoiled = 0
    while True:
        for key, _ in both.select():
            if key.fileobj is sys.stdin:
                line = sys.stdin.readline()
                if not line:
                    return
                every = int(line)
                print(spoiled, flush=True)
                continue
            datagram = bytearray(source.recv(65536))
            if every and datagram.startswith(SYMBOL):
                seen += 1
                if seen % every == 0:
                    at, bit = place(spoiled, len(datagram))
                    datagram[at] ^= bit
                    spoiled += 1
            sink.send(datagram)


if __name__ == "__main__":
    main()
