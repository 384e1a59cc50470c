"""dask_blocks.py IN OUT: dask over blocks of 1000 items; the Cython function takes a block and lets other threads run."""

import sys

import dask.array
import h5py
import usual_kernel

BLOCK = 1000

if __name__ == "__main__":
    with h5py.File(sys.argv[1], "r") as source, h5py.File(sys.argv[2], "w") as target:
        x = dask.array.from_array(source["x"], chunks=BLOCK)
        y = x.map_blocks(usual_kernel.work_whole, dtype=float, meta=x._meta)
        target["y"] = y.compute(scheduler="threads", num_workers=2)
