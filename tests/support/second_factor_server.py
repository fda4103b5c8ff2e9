"""paramiko's SSH server: a key, then keyboard-interactive. HOST_KEY FACTOR; it prints its port.

FACTOR is what keyboard-interactive asks for: "push" nothing, "enter" an empty line, "code" a code
that a client without a user does not have.
"""

import socket
import sys
import threading

import paramiko
from paramiko import AUTH_FAILED, AUTH_PARTIALLY_SUCCESSFUL, AUTH_SUCCESSFUL, InteractiveQuery

host_key, factor = sys.argv[1:]
QUESTIONS = {"push": [], "enter": [("Press Enter: ", True)], "code": [("Code\x1b: ", False)]}


class Server(paramiko.ServerInterface):
    left = "publickey"

    def get_allowed_auths(self, username):
        return self.left

    def check_auth_publickey(self, username, key):
        self.left = "keyboard-interactive"
        return AUTH_PARTIALLY_SUCCESSFUL

    def check_auth_interactive(self, username, submethods):
        if self.left != "keyboard-interactive":
            return AUTH_FAILED
        return InteractiveQuery("", "A request was sent to your phone", *QUESTIONS[factor])

    def check_auth_interactive_response(self, responses):
        wanted = {"push": [], "enter": [""], "code": ["123456"]}[factor]
        return AUTH_SUCCESSFUL if responses == wanted else AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


def serve(connection):
    transport = paramiko.Transport(connection)
    transport.add_server_key(paramiko.ECDSAKey(filename=host_key))
    transport.set_subsystem_handler("sftp", paramiko.SFTPServer)
    transport.start_server(server=Server())
    transport.join()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
