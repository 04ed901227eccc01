"""Tests that boot a lab, in the order of their numbers, each in its own lab with the run id `test-NUMBER`.

01 to 09 are for `make test`: the reference inventory from nothing to a verified cluster, and another inventory. 10 to 22
are `long` and for `make test-all` (but for the first tests of 12): faults (10), drift (11), tasks (12), other inventories
(13), ACME (14), changes of the inventory (15), backups (16), upgrades (17), three control planes (18), the life of the
reference inventory's six hosts (19), the mirror's packages for arm64 (20), which take as long to build as all others, and a
virtual machine as a worker: of amd64 (21) and of arm64 (22).
"""

import pytest

pytest.register_assert_rewrite("tests.lab.common")
