"""What paramiko does with a jail; started by paramiko_test.ts.

Its arguments are the client's key, the known_hosts file, the port, the user and a local
directory. It prints one JSON object with what it found, and fails on what should not happen.
"""

import hashlib
import json
import os
import stat
import sys

import paramiko

key_file, known_hosts, port, user, local = sys.argv[1:]

client = paramiko.SSHClient()
client.load_host_keys(known_hosts)
client.set_missing_host_key_policy(paramiko.RejectPolicy())
client.connect(
    "127.0.0.1",
    port=int(port),
    username=user,
    key_filename=key_file,
    allow_agent=False,
    look_for_keys=False,
)
sftp = client.open_sftp()
found = {}


def fails(act):
    """The error of a call that should fail: its class, errno and text."""
    try:
        act()
    except OSError as error:
        return [type(error).__name__, error.errno, str(error)]
    raise AssertionError("it did not fail")


# Transfers; put() and get() compare sizes by stat().
sftp.put(os.path.join(local, "file"), "/file")
sftp.get("/file", os.path.join(local, "back"))
with sftp.open("file", "rb") as remote:
    remote.prefetch()
    content = remote.read()
found["sha256"] = hashlib.sha256(content).hexdigest()

# Checksums by the server: paramiko sends `check-file` with a handle.
with sftp.open("file", "rb") as remote:
    for name, digest in (("md5", hashlib.md5), ("sha1", hashlib.sha1), ("sha256", hashlib.sha256)):
        assert remote.check(name) == digest(content).digest(), name
    assert remote.check("sha1", 1000, 5000) == hashlib.sha1(content[1000:6000]).digest()
    blocks = remote.check("md5", 0, 10_000, 4096)
    expected = [content[0:4096], content[4096:8192], content[8192:10_000]]
    assert blocks == b"".join(hashlib.md5(block).digest() for block in expected)
    assert remote.readv([(5, 10), (70_000, 20)]) is not None
    assert [bytes(part) for part in remote.readv([(5, 10), (70_000, 20)])] == [
        content[5:15],
        content[70_000:70_020],
    ]

# Attributes.
sftp.chmod("file", 0o640)
sftp.utime("file", (1_000_000_000, 1_100_000_000))
status = sftp.stat("file")
found["stat"] = [stat.S_IMODE(status.st_mode), status.st_size, status.st_atime, status.st_mtime]
sftp.chown("file", status.st_uid, status.st_gid)
with sftp.open("file", "r+b") as remote:
    found["fstat"] = remote.stat().st_size
    remote.chmod(0o600)
    remote.utime((1, 2))
    remote.truncate(70_000)
sftp.truncate("file", 60_000)
found["truncated"] = sftp.stat("file").st_size

# Writing in pieces, appending, exclusive creation.
with sftp.open("pieces", "wb") as remote:
    remote.set_pipelined(True)
    for index in range(300):
        remote.write(bytes([index % 256]) * 1000)
with sftp.open("pieces", "ab") as remote:
    remote.write(b"end")
with sftp.open("pieces", "r+b") as remote:
    remote.seek(10)
    remote.write(b"middle")
    remote.seek(-3, remote.SEEK_END)
    found["tail"] = remote.read().decode()
found["exclusive"] = fails(lambda: sftp.open("pieces", "wx"))

# Directories and names.
sftp.mkdir("dir", 0o750)
sftp.chdir("dir")
found["cwd"] = sftp.getcwd()
for index in range(250):
    sftp.open(f"f{index}", "w").close()
found["listdir"] = len(sftp.listdir("."))
found["iterated"] = len(list(sftp.listdir_iter("/dir", read_aheads=5)))
found["normalized"] = [sftp.normalize(path) for path in (".", "..", "../../..", "../dir/f1", "new", "/")]
attrs = {entry.filename: entry for entry in sftp.listdir_attr("/")}
found["names"] = sorted(attrs)
found["longname"] = attrs["dir"].longname
found["isdir"] = stat.S_ISDIR(attrs["dir"].st_mode)
sftp.chdir(None)

# Links and renames.
sftp.symlink("dir/f1", "/link")
found["readlink"] = sftp.readlink("/link")
found["lstat"] = [stat.S_ISLNK(sftp.lstat("/link").st_mode), stat.S_ISREG(sftp.stat("/link").st_mode)]
found["rename"] = fails(lambda: sftp.rename("file", "pieces"))
sftp.posix_rename("file", "pieces")
sftp.rename("pieces", "renamed")
sftp.remove("link")

# Failures, as Python sees them.
found["failures"] = {
    "open": fails(lambda: sftp.open("none", "r")),
    "stat": fails(lambda: sftp.stat("dir/none")),
    "listdir": fails(lambda: sftp.listdir("none")),
    "mkdir": fails(lambda: sftp.mkdir("dir")),
    "rmdir": fails(lambda: sftp.rmdir("dir")),
    "remove": fails(lambda: sftp.remove("dir")),
    "readlink": fails(lambda: sftp.readlink("renamed")),
}

# A command is refused, and the session continues.
_, stdout, stderr = client.exec_command("ls")
found["command"] = [stdout.read().decode(), stderr.read().decode(), stdout.channel.recv_exit_status()]
for name in sftp.listdir("dir"):
    sftp.remove(f"dir/{name}")
sftp.rmdir("dir")
found["left"] = sftp.listdir("/")

client.close()
json.dump(found, sys.stdout)
