"""usual.py IN OUT PROCESSES: the usual script: a Cython function, a list, Pool.map."""

import sys
from multiprocessing import Pool

import h5py
from usual_kernel import norm

if __name__ == "__main__":
    source, target, processes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with h5py.File(source, "r") as file:
        items = list(file["x"][()])
    with Pool(processes) as pool:
        results = pool.map(norm, items)
    with h5py.File(target, "w") as file:
        file["y"] = results
