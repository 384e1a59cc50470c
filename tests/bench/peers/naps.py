"""naps.py PROCESSES IN OUT: sleep for each item of /x, one item at a time; the attribute loop_s of OUT is the time that the
map took, without the start of the processes."""

import sys
import time
from multiprocessing import Pool

import h5py


def nap(item):
    time.sleep(item)
    return item


if __name__ == "__main__":
    with h5py.File(sys.argv[2], "r") as file:
        items = file["x"][()].tolist()
    with Pool(int(sys.argv[1])) as pool:
        start_s = time.monotonic()
        results = pool.map(nap, items, chunksize=1)
        loop_s = time.monotonic() - start_s
    with h5py.File(sys.argv[3], "w") as file:
        file.create_dataset("y", data=results, dtype=float)
        file.attrs["loop_s"] = loop_s
