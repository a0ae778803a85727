# SPDX-License-Identifier: Apache-2.0
"""Servers and clients for network.bats, on addresses that the tests own.

net-peer.py serve ADDRESS PORT FILE    to each TCP client: the file; prints the sha256 of what it sent
net-peer.py udp-echo ADDRESS PORT      sends each datagram back, and says how large it was
net-peer.py dns ADDRESS PORT NAME IP   answers A queries for NAME
net-peer.py fetch ADDRESS PORT         connects; prints the sha256 of what comes
net-peer.py push ADDRESS PORT FILE     connects; sends the file, prints what comes back
net-peer.py udp ADDRESS PORT TEXT      sends TEXT until an answer comes; prints that
net-peer.py many ADDRESS PORT N        N connections at once, a byte each way on all of them
net-peer.py exhaust ADDRESS PORT N     more connections than there is room for; says what became of
                                       the first, of the N others, and of one after those
net-peer.py sink ADDRESS PORT          takes connections and never reads
net-peer.py fill ADDRESS PORT          sends until nothing more is taken, prints "stuck", and waits

A server prints "ready" when it listens.
"""
import hashlib
import resource
import socket
import struct
import sys
import threading
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def say(text):
    print(text, flush=True)


def serve_one(client, data):
    digest = hashlib.sha256()

    def send():
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    while chunk := client.recv(1 << 16):
        digest.update(chunk)
    sender.join()
    client.close()
    say(digest.hexdigest())


def serve(address, port, path):
    with open(path, "rb") as file:
        data = file.read()
    server = socket.create_server((address, int(port)), family=family(address), backlog=1024)
    say("ready")
    while True:
        threading.Thread(target=serve_one, args=(server.accept()[0], data)).start()


def udp_echo(address, port):
    server = socket.socket(family(address), socket.SOCK_DGRAM)
    server.bind((address, int(port)))
    say("ready")
    while True:
        data, peer = server.recvfrom(65536)
        say(f"{len(data)} bytes")
        server.sendto(data, peer)


def dns(address, port, name, ip):
    server = socket.socket(family(address), socket.SOCK_DGRAM)
    server.bind((address, int(port)))
    say("ready")
    wanted = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    while True:
        query, peer = server.recvfrom(512)
        end = 12 + query[12:].index(0) + 5
        known = query[12 : 12 + len(wanted)] == wanted and query[end - 4 : end - 2] == b"\0\1"
        answer = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(known), 0, 0) + query[12:end]
        if known:
            answer += struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(ip)
        server.sendto(answer, peer)


def connect(address, port):
    for _ in range(250):
        try:
            return socket.create_connection((address, int(port)), timeout=20)
        # The program inside may not listen yet: then a published port resets.
        except (ConnectionRefusedError, ConnectionResetError):
            time.sleep(0.02)
    sys.exit("refused")


def fetch(address, port):
    digest, length = hashlib.sha256(), 0
    # A forwarded port accepts before the program inside listens: then nothing comes.
    for _ in range(100):
        with connect(address, port) as server:
            try:
                while chunk := server.recv(1 << 16):
                    digest.update(chunk)
                    length += len(chunk)
            except ConnectionResetError:
                pass
        if length:
            break
        time.sleep(0.05)
    say(digest.hexdigest())


def push(address, port, path):
    with open(path, "rb") as file:
        data = file.read()
    for _ in range(100):
        with connect(address, port) as server:
            try:
                server.sendall(data)
                server.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: server.recv(1 << 16), b""))
            except (ConnectionResetError, BrokenPipeError):
                answer = b""
        if answer:
            break
        time.sleep(0.05)
    say(answer.decode().strip())


def udp(address, port, text):
    client = socket.socket(family(address), socket.SOCK_DGRAM)
    client.settimeout(0.1)
    for _ in range(100):
        client.sendto(text.encode(), (address, int(port)))
        try:
            say(client.recv(65536).decode())
            return
        except (TimeoutError, ConnectionRefusedError):
            time.sleep(0.02)
    sys.exit("no answer")


def echoes(client):
    try:
        client.sendall(b"x")
        return client.recv(1) == b"x"
    except OSError:
        return False


def exhaust(address, port, count):
    first = connect(address, port)
    alive = echoes(first)
    others = [connect(address, port) for _ in range(int(count))]
    answered = sum(map(echoes, others))
    say("all answered" if answered == int(count) else "none" if not answered else "some")
    say("first lives" if alive and echoes(first) else "first is dead")
    for client in others:
        client.close()
    for _ in range(100):
        with connect(address, port) as client:
            if echoes(client):
                say("room again")
                return
        time.sleep(0.05)


def sink(address, port):
    server = socket.create_server((address, int(port)), family=family(address))
    clients = []
    say("ready")
    while True:
        clients.append(server.accept())


def fill(address, port):
    client = connect(address, port)
    client.settimeout(1)
    try:
        while True:
            client.send(bytes(1 << 16))
    except TimeoutError:
        say("stuck")
    time.sleep(1000)


def many(address, port, count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    # Once it is known to listen.
    clients = [connect(address, port) for _ in range(int(count))]
    for client in clients:
        client.sendall(b"x")
    answers = sum(client.recv(1) == b"x" for client in clients)
    say(answers)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
