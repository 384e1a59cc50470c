"""Every call that the shim stands in for, in the current folder, which holds the file "old"; run by job.py under the shim."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result < 0:
        raise OSError(ctypes.get_errno())
    return result


def main():
    here = os.open(".", os.O_RDONLY)
    a = os.open("a", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    os.write(a, b"one " * 300)
    os.writev(a, [b"two", b" three"])
    os.pwrite(a, b"four", 5)
    os.pwritev(a, [b"five", b"six"], 4000)
    copy = os.dup(a)
    os.write(copy, b"through the copy")
    os.close(copy)
    os.ftruncate(a, 3000)
    os.truncate("a", 2900)
    os.posix_fallocate(a, 0, 6000)
    must(libc.fallocate(a, 0, ctypes.c_long(6000), ctypes.c_long(700)))
    must(libc.sync_file_range(a, ctypes.c_long(0), ctypes.c_long(100), 2))
    os.fdatasync(a)
    must(libc.dprintf(a, b"%d and %s", 17, b"words"))
    b = os.open(os.path.abspath("b"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(b, b"to the end")
    os.copy_file_range(a, b, 1000)
    os.sendfile(b, a, 10, 500)
    os.fsync(b)
    os.utime(b)
    os.utime("b")
    cut = must(libc.creat(b"old", 0o666))
    os.write(cut, b"new")
    os.link("b", "c")
    os.rename("b", "d")
    must(libc.renameat2(here, b"a", here, b"d", 2))
    os.replace("d", "e")
    os.unlink("c")
    os.remove("a")
    os.fsync(here)
    elsewhere = os.open("/dev/null", os.O_WRONLY)
    os.write(elsewhere, b"not followed")


main()
