#!/usr/bin/python3
"""run.py jobs|faults|hosts [WORD...]: cases on a cluster; inside with_cluster.sh, in an empty folder; the program is $H5MAP.

A line for each case whose name holds one of the words: "ok NAME (1.2 s)" or "FAILED NAME (1.2 s): why"; the status is 1 if
any failed or none ran.
"""

import importlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab  # noqa: E402


def main():
    group, words = sys.argv[1], sys.argv[2:]
    module = importlib.import_module(f"cases_{group}")
    cases = module.LONG + module.CASES if os.environ.get("H5MAP_TEST_LONG") else module.CASES
    cases = [case for case in cases if not words or any(word in case.__name__ for word in words)]
    lab.copy_files()
    module.prepare()
    failed = 0
    with ThreadPoolExecutor(module.AT_A_TIME) as pool:
        mend = getattr(module, "mend", None)
        for line in pool.map(lambda case: lab.run_case(case, mend), cases):
            failed += line.startswith("FAILED")
            print(line, flush=True)
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
