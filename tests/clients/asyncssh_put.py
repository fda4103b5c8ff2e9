"""One call of asyncssh's SFTPClient; its exit status says how it ended.

Its arguments are the client's key, the known_hosts file, the host, the port, the user, and then
the method with its arguments.
"""

import asyncio
import sys

import asyncssh

key_file, known_hosts, host, port, user, method, *arguments = sys.argv[1:]


async def main():
    async with asyncssh.connect(
        host,
        port=int(port),
        username=user,
        client_keys=[key_file],
        known_hosts=known_hosts,
        config=None,
    ) as connection:
        async with connection.start_sftp_client() as client:
            await getattr(client, method)(*arguments)


asyncio.run(main())
