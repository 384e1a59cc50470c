"""mpirun -n 3 python3 -m mpi4py.futures mpi_futures.py IN OUT: slices of 1000 items for two workers."""

import sys

import h5py
import numpy as np
import usual_kernel
from mpi4py.futures import MPIPoolExecutor

SLICE = 1000

if __name__ == "__main__":
    with h5py.File(sys.argv[1], "r") as file:
        x = file["x"][()]
    slices = [x[first : first + SLICE] for first in range(0, len(x), SLICE)]
    with MPIPoolExecutor() as executor:
        results = list(executor.map(usual_kernel.work_whole, slices))
    with h5py.File(sys.argv[2], "w") as file:
        file["y"] = np.concatenate([np.empty(0), *results])
