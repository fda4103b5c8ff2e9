"""asyncssh's SFTP server on the loopback: HOST_KEY AUTHORIZED_KEYS; it prints its port and serves."""

import asyncio
import sys
import warnings

warnings.simplefilter("ignore")

import asyncssh  # noqa: E402


async def main():
    host_key, authorized_keys = sys.argv[1:]
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
        sftp_factory=True,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()


asyncio.run(main())
