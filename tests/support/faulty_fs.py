"""A file system over a directory, for faults that no disk has on demand:

    faulty_fs.py BACK MOUNT

- flush (close(2)) of "full" fails with ENOSPC and its fsync with EIO; flush of "quota" fails with
  EDQUOT, and its fsync succeeds.
- a listing of "cut" ends with EIO after one name.
- "unseen", "dead" and "unclean", in the listing of every directory, cannot be looked at.
"""

import errno
import os
import sys

import fusepy

back, mount = sys.argv[1:3]
UNSEEN = {"unseen": errno.EACCES, "dead": errno.ENOTCONN, "unclean": errno.EUCLEAN}
FLUSH = {"full": errno.ENOSPC, "quota": errno.EDQUOT}
FIELDS = "mode nlink uid gid size atime mtime ctime ino".split()


def fail_where(table, path):
    name = path.rsplit("/", 1)[1]
    if name in table:
        raise fusepy.FuseOSError(table[name])


class FaultyFileSystem(fusepy.Operations):
    def getattr(self, path, fh=None):
        fail_where(UNSEEN, path)
        status = os.lstat(back + path)
        return {f"st_{field}": getattr(status, f"st_{field}") for field in FIELDS}

    def readdir(self, path, fh):
        yield from [".", ".."]
        if path.endswith("/cut"):
            yield "one"
            raise fusepy.FuseOSError(errno.EIO)
        yield from os.listdir(back + path)
        yield from UNSEEN

    def create(self, path, mode, fi=None):
        return os.open(back + path, os.O_RDWR | os.O_CREAT, mode)

    def open(self, path, flags):
        return os.open(back + path, flags & ~os.O_NONBLOCK)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(back + path, length)

    def flush(self, path, fh):
        fail_where(FLUSH, path)

    def fsync(self, path, datasync, fh):
        fail_where({"full": errno.EIO}, path)

    def release(self, path, fh):
        os.close(fh)

    def mkdir(self, path, mode):
        os.mkdir(back + path, mode)


fusepy.FUSE(FaultyFileSystem(), mount, foreground=True, nothreads=True)
