# A server of Python's asyncio or, with "uvloop" as the fourth argument, of uvloop: asyncio-server.py BODY MODE IDLE [uvloop]

import asyncio
import sys

body_bytes, mode, idle = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % body_bytes + b"x" * body_bytes
END = b"\r\n\r\n"


class Responder(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.rest = b""
        self.loop = asyncio.get_running_loop()
        self.last = self.loop.time()
        # One timer per connection, which checks when data was last read and continues from there
        self.timer = self.loop.call_later(idle, self.look)

    def look(self):
        left = self.last + idle - self.loop.time()
        if left > 0:
            self.timer = self.loop.call_later(left, self.look)
        else:
            self.transport.abort()

    def data_received(self, data):
        self.last = self.loop.time()
        if self.rest:
            data = self.rest + data
        requests = data.count(END)
        self.rest = data[data.rfind(END) + 4 :] if requests else data
        # All answers to one chunk are sent together
        if requests:
            self.transport.write(response * requests)
            if mode == "close":
                self.transport.close()

    def connection_lost(self, error):
        self.timer.cancel()


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Responder, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if sys.argv[4:] == ["uvloop"]:
    import uvloop

    uvloop.install()
asyncio.run(main())
