"""An SFTP server of paramiko on standard input and output, as in its documentation.

Its REALPATH is paramiko's own, which removes "." and ".." and follows no link; its RENAME is
rename(2), which replaces an existing file.
"""

import os
import sys

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer


class Pipes:
    """Standard input and output, as far as a server uses a channel."""

    def get_transport(self):
        return self

    def get_log_channel(self):
        return "lexical"

    def get_name(self):
        return "lexical"

    def get_hexdump(self):
        return False

    def send(self, data):
        return os.write(1, data)

    def recv(self, count):
        return os.read(0, count)


def attempted(act):
    try:
        act()
    except OSError as error:
        return SFTPServer.convert_errno(error.errno)
    return paramiko.SFTP_OK


class Files(paramiko.SFTPServerInterface):
    def list_folder(self, path):
        try:
            entries = list(os.scandir(path))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        return [
            SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name)
            for entry in entries
        ]

    def stat(self, path):
        try:
            return SFTPAttributes.from_stat(os.stat(path))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)

    def lstat(self, path):
        try:
            return SFTPAttributes.from_stat(os.lstat(path))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)

    def open(self, path, flags, attr):
        try:
            fd = os.open(path, flags, 0o666)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        handle = SFTPHandle(flags)
        handle.filename = path
        access = {os.O_WRONLY: "wb", os.O_RDWR: "rb+"}.get(flags & os.O_ACCMODE, "rb")
        handle.readfile = handle.writefile = os.fdopen(fd, access)
        return handle

    def remove(self, path):
        return attempted(lambda: os.remove(path))

    def rename(self, oldpath, newpath):
        return attempted(lambda: os.rename(oldpath, newpath))

    def posix_rename(self, oldpath, newpath):
        return attempted(lambda: os.rename(oldpath, newpath))

    def mkdir(self, path, attr):
        return attempted(lambda: os.mkdir(path))

    def rmdir(self, path):
        return attempted(lambda: os.rmdir(path))

    def chattr(self, path, attr):
        return attempted(lambda: SFTPServer.set_file_attr(path, attr))

    def symlink(self, target_path, path):
        return attempted(lambda: os.symlink(target_path, path))

    def readlink(self, path):
        try:
            return os.readlink(path)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)


pipes = Pipes()
server = SFTPServer(pipes, "sftp", paramiko.ServerInterface(), Files)
server.start_subsystem("sftp", pipes, pipes)
sys.exit(0)
