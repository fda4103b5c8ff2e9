"""One call of paramiko's SFTPClient, in a session of its own; its exit status says how it ended.

Its arguments are the client's key, the known_hosts file, the host, the port, the user, and then
the method with its arguments. If it returns a list, each item is printed on a line.
"""

import sys

import paramiko

key_file, known_hosts, host, port, user, method, *arguments = sys.argv[1:]

client = paramiko.SSHClient()
client.load_host_keys(known_hosts)
client.set_missing_host_key_policy(paramiko.RejectPolicy())
client.connect(
    host,
    port=int(port),
    username=user,
    key_filename=key_file,
    allow_agent=False,
    look_for_keys=False,
)
try:
    returned = getattr(client.open_sftp(), method)(*arguments)
finally:
    client.close()
if isinstance(returned, list):
    print("\n".join(returned))
