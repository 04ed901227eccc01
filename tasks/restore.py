"""Bring a backup back, onto the same hosts or new ones: --data from=FOLDER --data identity=FILE; takes only=cluster or only=tailnet. Then deploy."""

from phases import baseline, coordination, host_rules, preflight, restoring, runtime, tailnet

restoring.check_backup()
restoring.bring_tailnet_back()
preflight.check_hosts()
baseline.prepare_hosts()
host_rules.admit_traffic()
coordination.run_headscale()
tailnet.join_hosts(after=restoring.machines)
runtime.run_containerd()
restoring.bring_cluster_back()
