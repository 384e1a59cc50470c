"""images.py IN OUT: mean, standard deviation and range of each image, with h5py and NumPy."""

import sys

import h5py
import numpy as np

if __name__ == "__main__":
    results = {"mean": [], "std": [], "min": [], "max": []}
    with h5py.File(sys.argv[1], "r") as file:
        for image in file["x"]:
            results["mean"].append(image.mean(dtype=np.float64))
            results["std"].append(image.std(dtype=np.float64))
            results["min"].append(image.min())
            results["max"].append(image.max())
    with h5py.File(sys.argv[2], "w") as file:
        for name, values in results.items():
            file[name] = np.array(values, np.float64 if name in ("mean", "std") else np.float32)
