# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Turns a client (address, stack) into connections to the lab's service and requests of given sizes on them."""

import asyncio
import math
import os
import socket
import ssl
import tempfile

NAME = "api.weir.test"
CONNECT_S, HANDSHAKE_S, ANSWER_S = 4, 6, 15
SIZE_LOW, SIZE_RATIO, SIZES = 400, 300, 200  # as plan.py's response_sizes()
IP_BIND_ADDRESS_NO_PORT = 24


def context(stack):
    """The TLS client of a Python program, as different libraries configure it."""
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    if stack == "sdk":
        ctx.set_alpn_protocols(["http/1.1"])
        ctx.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20")
    elif stack == "py-tls12":
        ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    elif stack == "py-legacy":
        ctx.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:RSA+AESGCM:RSA+AES")
        ctx.options |= ssl.OP_NO_TICKET
    elif stack == "py-curves":
        ctx.set_ecdh_curve("prime256v1")
        ctx.set_alpn_protocols(["http/1.1"])
    return ctx


CONTEXTS = {name: context(name) for name in ("sdk", "py-default", "py-tls12", "py-legacy", "py-curves")}
CONTEXTS["plain"] = None


def path(size):
    """The location whose answer is nearest to `size` bytes."""
    step = (SIZES - 1) * math.log(min(max(size, SIZE_LOW), SIZE_LOW * SIZE_RATIO) / SIZE_LOW) / math.log(SIZE_RATIO)
    return f"/v1/chat/{round(step)}"


class Connection:
    """One HTTP/1.1 connection from the client's own address."""

    def __init__(self, client):
        self.client, self.reader, self.writer = client, None, None

    async def open(self):
        client = self.client
        sock = socket.socket(socket.AF_INET6 if ":" in client["host"] else socket.AF_INET)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            if client.get("rcvbuf"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, client["rcvbuf"])
            if client.get("mss"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, client["mss"])
            if client.get("place") != "backend":
                sock.bind((client["address"], 0))
            loop = asyncio.get_running_loop()
            await asyncio.wait_for(loop.sock_connect(sock, (client["host"], client["port"])), CONNECT_S)
            ctx = CONTEXTS[client["stack"]]
            name = {"ssl": ctx, "server_hostname": NAME, "ssl_handshake_timeout": HANDSHAKE_S} if ctx else {}
            self.reader, self.writer = await asyncio.open_connection(sock=sock, **name)
        except BaseException:
            sock.close()
            raise

    async def ask(self, up, down):
        """One exchange; raises on anything but a complete answer."""
        head = (f"POST {path(down)} HTTP/1.1\r\nHost: {NAME}\r\nUser-Agent: {self.client['stack']}/1\r\n"
                f"Authorization: Bearer 0000\r\nContent-Type: application/json\r\nContent-Length: {up}\r\n\r\n")
        self.writer.write(head.encode() + b"x" * up)
        await asyncio.wait_for(self.answer(), ANSWER_S)

    async def answer(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if " 200 " not in lines[0]:
            raise ConnectionError(lines[0])
        length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:"))
        await self.reader.readexactly(length)

    def close(self):
        if self.writer:
            self.writer.close()
            self.writer = None


async def spawn(arguments, feed=None):
    """Runs a client program; feed(process) writes to its standard input."""
    process = await asyncio.create_subprocess_exec(
        *arguments, stdin=asyncio.subprocess.PIPE if feed else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    try:
        if feed:
            await feed(process)
        status = await asyncio.wait_for(process.wait(), 120)
    finally:
        if process.returncode is None:
            process.kill()
    if status:
        raise ConnectionError(f"{arguments[0]} ended with {status}")


async def curl_session(client, turns, think_s):
    """A session of (up, down) turns as one curl process on one connection."""
    host = f"[{client['host']}]" if ":" in client["host"] else client["host"]
    with tempfile.NamedTemporaryFile() as body:
        body.write(b"x" * turns[0][0])
        body.flush()
        urls = [f"https://{NAME}{path(down)}" for _, down in turns]
        await spawn(["curl", "-sSfk", "--http1.1" if client["stack"] == "curl-h1" else "--http2",
                     "--interface", client["address"], "--connect-to", f"{NAME}:443:{host}:{client['port']}",
                     "--connect-timeout", str(CONNECT_S), "--max-time", "60", "--data-binary", f"@{body.name}",
                     "--rate", f"{max(1, min(600, round(60 / (think_s + 0.1))))}/m",
                     *sum((["-o", os.devnull, url] for url in urls), [])])


async def openssl_session(client, turns, think_s):
    """The same through openssl s_client."""
    host = f"[{client['host']}]" if ":" in client["host"] else client["host"]
    bind = f"[{client['address']}]:0" if ":" in client["address"] else f"{client['address']}:0"

    async def feed(process):
        for turn, (up, down) in enumerate(turns, 1):
            last = "Connection: close\r\n" if turn == len(turns) else ""
            process.stdin.write((f"POST {path(down)} HTTP/1.1\r\nHost: {NAME}\r\nUser-Agent: openssl\r\n{last}"
                                 f"Content-Length: {up}\r\n\r\n").encode() + b"x" * up)
            await process.stdin.drain()
            await asyncio.sleep(think_s + 0.5)

    await spawn(["openssl", "s_client", "-quiet", "-bind", bind, "-connect", f"{host}:{client['port']}",
                 "-servername", NAME], feed)
