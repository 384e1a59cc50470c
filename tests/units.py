#!/usr/bin/python3
"""units.py PRESET [WORD...]: run the preset's CTest tests, with these words for ctest, and count what their programs counted.

A test program prints "NAME: N passed, N failed", under MPI on every rank or on one. A program that CTest calls failed without
a failed test of its own (a crash, a time-out) counts as one failed. The last line is "units: N passed, N failed".
"""

import os
import re
import subprocess
import sys

COUNT = re.compile(r"^(\d+): (?:.*\s)?(\S+): (\d+) passed, (\d+) failed$")
END = re.compile(r"^\s*\d+/\d+ Test\s+#(\d+): (\S+) \.*\s*(.*?)\s+[0-9.]+ sec")


def main():
    command = ["ctest", "--preset", sys.argv[1], "--verbose", "--parallel", str(os.cpu_count() or 1), *sys.argv[2:]]
    counted, ended, spoken = {}, {}, {}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    for line in process.stdout:
        line = line.rstrip("\n")
        number = line.split(":", 1)[0]
        if number.isdigit():
            spoken.setdefault(number, []).append(line)
        if match := COUNT.match(line):
            counted.setdefault(match[1], []).append((int(match[3]), int(match[4])))
        elif match := END.match(line):
            ended[match[1]] = (match[2], match[3])
            print(line.strip(), flush=True)
            if match[3] != "Passed":
                print("\n".join(spoken.get(match[1], [])), flush=True)
    status = process.wait()
    passed = failed = 0
    for number, (name, word) in ended.items():
        counts = counted.get(number, [])
        total = max((good + bad for good, bad in counts), default=0)
        bad = max((bad for _, bad in counts), default=0)
        if word != "Passed" and bad == 0:
            bad = 1
        if not counts and word == "Passed":
            print(f"{name}: counted no tests")
            bad = 1
        passed += max(total - bad, 0)
        failed += bad
    if not ended or (status and not failed):
        print(f"ctest: status {status}, {len(ended)} programs")
        failed += 1
    print(f"units: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
