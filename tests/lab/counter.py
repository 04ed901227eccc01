"""Who counts how long a workload does not answer: on every node a pod that asks two services ten times a second.

One service has a single pod, as much as a first deployment of anybody has; the other two pods and a disruption budget. A
pod that counts belongs to a DaemonSet, so a drain leaves it where it is, and it writes on its node's disk, so what it
has counted outlives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from tests.lab.conftest import Rehearsal
from tests.lab.tasks import BUSYBOX, kubectl

COUNTED = "/var/tmp/counted"
# Uptime is the kernel's, so the same on all hosts of the lab. An answer that takes longer than a second is none. Debian's
# static busybox crashes with `wget -T`.
COUNT = (
    "count() { while :; do timeout 1 wget -q -O /dev/null http://$2/ && cut -d ' ' -f 1 /proc/uptime >> /out/$1; sleep 0.1; done; }; "
    "count one $ONE_SERVICE_HOST & count two $TWO_SERVICE_HOST"
)
SERVED = """
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}}}
spec: {{minAvailable: {at_least}, selector: {{matchLabels: {{app: {name}}}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {pods}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 2
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - {{weight: 1, podAffinityTerm: {{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: {name}}}}}}}}}
      containers:
        - name: it
          image: {image}
          command: [sh, -c, "mkdir /www; echo yes > /www/index.html; exec httpd -f -p 8080 -h /www"]
          lifecycle: {{preStop: {{exec: {{command: [sleep, "1"]}}}}}}
          readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
---
"""
COUNTING = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: counter}}
spec:
  selector: {{matchLabels: {{app: counter}}}}
  template:
    metadata: {{labels: {{app: counter}}}}
    spec:
      terminationGracePeriodSeconds: 0
      tolerations: [{{operator: Exists}}]
      containers:
        - name: it
          image: {image}
          command: [sh, -c, "{count}"]
          volumeMounts: [{{name: out, mountPath: /out}}]
      volumes: [{{name: out, hostPath: {{path: {folder}, type: DirectoryOrCreate}}}}]
"""


@contextmanager
def counted(world: Rehearsal, event: str) -> Iterator[dict[str, float]]:
    """Count during the block. Afterwards the answer has, for `one` and `two` pods, the longest time in seconds that any node was without an answer."""
    longest: dict[str, float] = {}
    texts = [
        SERVED.format(name=name, pods=pods, at_least=pods - 1, image=BUSYBOX) for name, pods in (("one", 1), ("two", 2))
    ]
    texts.append(COUNTING.format(image=BUSYBOX, count=COUNT, folder=COUNTED))
    first = world.cluster.control_planes[0]
    for node in world.cluster.nodes:
        world.on(node, f"rm -rf {COUNTED}")
    apply = "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl"
    made = world.on(
        first, f"cat > /tmp/counter.yaml <<'END'\n{''.join(texts)}\nEND\n{apply} apply -f /tmp/counter.yaml"
    )
    assert made.returncode == 0, made.output
    for what in ("deployment/one", "deployment/two", "daemonset/counter"):
        assert "successfully rolled out" in kubectl(world, f"rollout status {what} --timeout=120s")
    begin = uptime(world)
    try:
        yield longest
        # Whoever still waits for an answer has its gap counted to here.
        end = uptime(world)
        for name in ("one", "two"):
            longest[name] = max(gap(world, node.name, name, begin, end) for node in world.cluster.nodes)
        print(
            f"longest time without an answer during {event}: one pod {longest['one']:.1f} s, two pods {longest['two']:.1f} s"
        )
    finally:
        kubectl(world, "delete -f /tmp/counter.yaml --wait=true; rm /tmp/counter.yaml")


def uptime(world: Rehearsal) -> float:
    return float(world.on(world.cluster.control_planes[0], "cut -d ' ' -f 1 /proc/uptime").stdout)


def gap(world: Rehearsal, node: str, name: str, begin: float, end: float) -> float:
    """The longest time in seconds between two answers that a node had from the service, from begin to end (the kernel's uptime)."""
    times = [float(line) for line in world.on(node, f"cat {COUNTED}/{name}").stdout.split()]
    within = [time for time in times if begin <= time <= end]
    assert len(within) > 20, f"{node} has counted {len(within)} answers of {name}"
    return max(later - earlier for earlier, later in pairwise([begin, *within, end]))
