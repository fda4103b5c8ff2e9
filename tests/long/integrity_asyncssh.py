"""Copies directories of files to an SFTP server and back by asyncssh, all files of a directory at
once in one session.

Its arguments are the client's key, the known_hosts file, the host, the port, the user, and then,
for each session, the local directory, the remote one, and the one for what is downloaded.
"""

import asyncio
import os
import sys
import warnings

# What asyncssh imports from another module is deprecated there.
warnings.filterwarnings("ignore")

import asyncssh  # noqa: E402


async def copy_all(connection, local, remote, downloaded):
    names = os.listdir(local)
    async with connection.start_sftp_client() as sftp:
        await sftp.mkdir(remote)
        await asyncio.gather(*(sftp.put(f"{local}/{name}", f"{remote}/{name}") for name in names))
        await asyncio.gather(
            *(sftp.get(f"{remote}/{name}", f"{downloaded}/{name}") for name in names)
        )


async def main():
    key, known_hosts, host, port, user, *directories = sys.argv[1:]
    async with asyncssh.connect(
        host,
        port=int(port),
        username=user,
        client_keys=[key],
        known_hosts=known_hosts,
        agent_path=None,
        config=None,
    ) as connection:
        for at in range(0, len(directories), 3):
            await copy_all(connection, *directories[at : at + 3])


asyncio.run(main())
