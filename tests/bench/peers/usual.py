"""usual.py KERNEL WAY IN OUT: the usual script: a Cython function, a list, Pool.map.

WAY: pool (two processes), pool/N (the same, N items at a time), loop (the same list in a for loop), whole (a function that
takes the array, no loop in Python), zipped (the same, the result shuffled and compressed as IN is).
"""

import sys
from multiprocessing import Pool

import h5py
import usual_kernel

PROCESSES = 2

if __name__ == "__main__":
    kernel, (way, _, chunk), source, target = sys.argv[1], sys.argv[2].partition("/"), sys.argv[3], sys.argv[4]
    with h5py.File(source, "r") as file:
        x, chunks = file["x"][()], file["x"].chunks
    if way in ("whole", "zipped"):
        results = getattr(usual_kernel, kernel + "_whole")(x)
    else:
        function = getattr(usual_kernel, kernel)
        items = list(x) if x.ndim > 1 else x.tolist()
        if way == "pool":
            with Pool(PROCESSES) as pool:
                results = pool.map(function, items, int(chunk) if chunk else None)
        else:
            results = [function(item) for item in items]
    with h5py.File(target, "w") as file:
        if way == "zipped":
            file.create_dataset("y", data=results, chunks=chunks[:1], maxshape=(None,), shuffle=True, compression="gzip")
        else:
            file.create_dataset("y", data=results, dtype=float)
