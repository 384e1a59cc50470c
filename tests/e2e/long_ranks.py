"""128 ranks on one machine: minutes, most of which mpirun takes (run.py --long)."""

import test_ranks


class Many(test_ranks.Ranks):
    def test_128(self):
        self.check_ranks(128)
