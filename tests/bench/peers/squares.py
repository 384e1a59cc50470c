"""squares.py IN OUT: the usual script for a function in plain Python."""

import sys
from multiprocessing import Pool

import h5py


def square(item):
    return item * item


if __name__ == "__main__":
    with h5py.File(sys.argv[1], "r") as file:
        items = file["items"][()].tolist()
    with Pool(2) as pool:
        results = pool.map(square, items)
    with h5py.File(sys.argv[2], "w") as file:
        file["results"] = results
