"""mpirun -n 2 python3 mpi_scatterv.py IN OUT: rank 0 reads all, scatters equal shares, gathers, writes."""

import sys

import h5py
import numpy as np
import usual_kernel
from mpi4py import MPI

N = 3

if __name__ == "__main__":
    team = MPI.COMM_WORLD
    x = y = None
    if team.rank == 0:
        with h5py.File(sys.argv[1], "r") as file:
            x = file["x"][()]
        y = np.empty(len(x))
    count = team.bcast(len(x) if team.rank == 0 else None)
    counts = [count * (rank + 1) // team.size - count * rank // team.size for rank in range(team.size)]
    mine = np.empty((counts[team.rank], N))
    team.Scatterv([x, [N * k for k in counts]], mine)
    team.Gatherv(usual_kernel.norm_whole(mine), [y, counts])
    if team.rank == 0:
        with h5py.File(sys.argv[2], "w") as file:
            file["y"] = y
