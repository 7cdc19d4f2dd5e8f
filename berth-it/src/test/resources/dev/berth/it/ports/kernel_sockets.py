"""Carries out lists of socket calls, one list a line, and says what the kernel answered.

A line is moves, separated by `;`. A move is a verb and words:
  open NAME tcp|udp 4|6 FLAGS    a: SO_REUSEADDR, p: SO_REUSEPORT, 6: IPV6_V6ONLY, -: none
  bind NAME ADDRESS PORT
  listen NAME                    of a socket that is bound
  connect NAME ADDRESS PORT
  accept NAME AS
  close NAME
  finish NAME PEER               both close, NAME first, so that it is left in TIME-WAIT
  send NAME ADDRESS PORT         one datagram
  who                            names of the sockets that have datagrams, or connections to accept; takes these
`PORT` may be a number, or `@NAME`, the local port of a socket. The answer has one word a move; what is
still open at the end of the line is closed.
"""
import errno
import select
import socket
import struct
import sys

FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6}
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
LIMIT = 5


class Moves:
    def __init__(self):
        self.sockets = {}
        self.listening = set()

    def to(self, name, address, port):
        if self.sockets[name].family == socket.AF_INET6 and ":" not in address:
            address = "::ffff:" + address
        return address, self.port_of(port[1:]) if port[0] == "@" else int(port)

    def port_of(self, name):
        return self.sockets[name].getsockname()[1]

    def add(self, name, new):
        new.settimeout(LIMIT)
        self.sockets[name] = new

    def open(self, name, kind, family, flags):
        new = socket.socket(FAMILIES[family], KINDS[kind])
        self.add(name, new)
        if family == "6":
            new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, "6" in flags)
        new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, "a" in flags)
        new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, "p" in flags)

    def bind(self, name, address, port):
        self.sockets[name].bind(self.to(name, address, port))

    def listen(self, name):
        if self.port_of(name) == 0:
            return "unbound"
        self.sockets[name].listen(8)
        self.listening.add(name)

    def connect(self, name, address, port):
        self.sockets[name].connect(self.to(name, address, port))

    def accept(self, name, new):
        self.add(new, self.sockets[name].accept()[0])

    def close(self, name):
        self.listening.discard(name)
        self.sockets.pop(name).close()

    def finish(self, name, peer):
        self.sockets[name].shutdown(socket.SHUT_WR)
        self.sockets[peer].recv(1)
        self.close(peer)
        self.sockets[name].recv(1)
        self.close(name)

    def send(self, name, address, port):
        self.sockets[name].sendto(b"x", self.to(name, address, port))

    def who(self):
        got = []
        for name in sorted(self.sockets):
            one = self.sockets[name]
            takes = name in self.listening or one.type == socket.SOCK_DGRAM
            while takes and select.select([one], [], [], 0)[0]:
                if name in self.listening:
                    one.accept()[0].close()
                else:
                    one.recv(10)
                got.append(name)
        return "+".join(got) or "nobody"

    def make(self, line):
        answers = []
        for move in line.split(";"):
            verb, *words = move.split()
            try:
                answers.append(getattr(self, verb)(*words) or "ok")
            except socket.timeout:
                answers.append("TIMEOUT")
            except OSError as failure:
                answers.append(errno.errorcode[failure.errno])
        for one in self.sockets.values():
            # With a reset, so that nothing is left in the way of the next list.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        return " ".join(answers)


with open(sys.argv[1], encoding="ascii") as lists:
    for each in lists:
        print(Moves().make(each.strip()))
