"""Restore a backup onto the same hosts or empty ones, then run the deploy. Needs --data from=FOLDER --data identity=FILE; takes only=cluster or only=tailnet."""

from day_two import restore
from phases import baseline, containerd, coordination, packages, preflight, routing, tailnet

restore.check_backup()
restore.restore_tailnet()
preflight.check_hosts(is_restore=True)
baseline.prepare_hosts()
packages.install_packages()
routing.route_and_admit_traffic()
containerd.run_containerd()
coordination.run_headscale()
tailnet.join_hosts(after=restore.machine_keys)
restore.restore_cluster()
restore.finish()
