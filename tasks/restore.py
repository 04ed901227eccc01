"""Bring a backup back, onto the same hosts or new ones: --data from=FOLDER --data identity=FILE; takes only=cluster or only=tailnet. Then deploy."""

from phases import baseline, coordination, host_rules, packages, preflight, restoring, runtime, tailnet

restoring.check_backup()
restoring.bring_tailnet_back()
preflight.check_hosts(is_restore=True)
baseline.prepare_hosts()
packages.install_packages()
host_rules.admit_traffic()
runtime.run_containerd()
coordination.run_headscale()
tailnet.join_hosts(after=restoring.machines)
restoring.bring_cluster_back()
restoring.end()
