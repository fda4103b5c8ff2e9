"""Serves moto on a free port of 127.0.0.1 until standard input ends: serve.py [PORT]

Prints HOST:PORT once it accepts connections. Its data are in memory.
"""

import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


def end_with_standard_input():
    sys.stdin.buffer.read()
    os._exit(0)


logging.getLogger("werkzeug").setLevel(logging.ERROR)
port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", port, app, threaded=True, request_handler=MotoRequestHandler)
threading.Thread(target=end_with_standard_input, daemon=True).start()
print(f"127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
