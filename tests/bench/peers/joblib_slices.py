"""joblib_slices.py IN OUT: joblib over slices of 1000 items, two processes."""

import sys

import h5py
import numpy as np
import usual_kernel
from joblib import Parallel, delayed

SLICE = 1000

if __name__ == "__main__":
    with h5py.File(sys.argv[1], "r") as file:
        x = file["x"][()]
    slices = (x[first : first + SLICE] for first in range(0, len(x), SLICE))
    results = Parallel(n_jobs=2)(delayed(usual_kernel.work_whole)(some) for some in slices)
    with h5py.File(sys.argv[2], "w") as file:
        file["y"] = np.concatenate([np.empty(0), *results])
