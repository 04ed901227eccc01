"""Run Kubernetes' own conformance tests as the operator, against the lab's cluster."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from cluster.documents.kubeconfig import tunnel
from cluster.model import Cluster
from lab import mirror
from lab.commands import run
from lab.conformance import results
from lab.conformance.results import Result
from lab.failures import LabError
from lab.interrupts import interruptible
from lab.polling import step, wait_until
from lab.world import lifecycle, operator
from lab.world.plan import WorldPlan
from lab.world.state import PROJECT, Run

RESULTS = PROJECT / "build" / "conformance"
KUBECONFIG = PROJECT / "build" / "kubeconfig"
API_SECONDS = 30
ENDING_SECONDS = 120
HOURS = 3  # ginkgo's time limit for all tests
CONTROL_PLANE_TAINT = "node-role.kubernetes.io/control-plane"


def conformance(lab: Run, cluster: Cluster, sigs: Sequence[str], processes: int, only: str) -> int:
    """Build, select and run the tests, and report; gives the exit code. 0: no test failed, and all that can run here ran.

    `cluster`: as declared now, not when the lab was made: it may have been upgraded since.
    """
    planned = lifecycle.world_of(lab)
    tests = build_tests(cluster)
    listed = run([tests.program, "--list-conformance-tests"])
    names = results.select(listed, sigs, only)
    if not names:
        where = f"--sig {' '.join(sigs)}{f' --only {only}' if only else ''}"
        raise LabError(
            where, "matches no test", "nothing would be measured", f"`{tests.program} --list-tests` shows all"
        )
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    began = time.monotonic()
    with interruptible(), api_tunnel(lab, planned):
        print(f"{len(names)} tests, {processes} at a time; their output: {RESULTS}/e2e.log", flush=True)
        run_tests(lab, planned, command(tests, cluster, names, processes), len(names))
    report = RESULTS / "junit_01.xml"
    found = results.read_report(report.read_text() if report.exists() else "", names, tests.missing)
    return write_report(found, time.monotonic() - began, cluster)


def build_tests(cluster: Cluster) -> mirror.Tests:
    """Build the test programs, and publish their images in the mirror."""
    wanted = lifecycle.mirror_request(cluster, (mirror.request.machine_architecture(),))
    with step(f"tests of Kubernetes {wanted.kubernetes} and their images"):
        return mirror.build_tests(wanted, mirror.default_cache(), lifecycle.print_progress)


@contextmanager
def api_tunnel(lab: Run, planned: WorldPlan) -> Iterator[None]:
    """Within, the API answers the operator's kubeconfig, through the SSH tunnel that it needs, if any; LabError if it does not."""
    way = shlex.split(tunnel(planned.cluster))
    if way:
        lab.start("tunnel", [operator.home(lab) / "bin" / "ssh", *way[1:]], planned.operator_namespace)
    try:
        ask = ["kubectl", "--kubeconfig", str(KUBECONFIG), "--request-timeout", "5s", "get", "--raw", "/readyz"]
        words = operator.command(planned, ask)
        if not wait_until(lambda: run(words, check=False, env=operator.environment(lab)) == "ok", API_SECONDS, 0.5):
            raise LabError(
                f"lab {lab.name}", "its API does not answer", f"{KUBECONFIG}, which the latest deploy wrote, was used",
                "run `python -m lab deploy` for this lab, then `python -m lab verify`",
            )  # fmt: skip
        yield
    finally:
        lab.stop("tunnel")


def command(tests: mirror.Tests, cluster: Cluster, names: Sequence[str], processes: int) -> list[str]:
    """The operator's command line: ginkgo, which runs several processes of e2e.test."""
    taints = {taint.key for host in cluster.nodes for taint in host.taints or ()} | {CONTROL_PLANE_TAINT}
    of_ginkgo = [
        f"--procs={processes}", "--no-color", "-v", f"--timeout={HOURS}h", f"--focus={results.focus(names)}",
    ]  # fmt: skip
    of_tests = [
        "--provider=skeleton",
        f"--kubeconfig={KUBECONFIG}",
        f"--report-dir={RESULTS}",
        f"--e2e-output-dir={RESULTS}",
        f"--dns-domain={cluster.dns_domain}",
        f"--node-os-arch={mirror.request.machine_architecture()}",
        f"--non-blocking-taints={','.join(sorted(taints))}",
        "--disable-log-dump",
    ]
    return [str(tests.ginkgo), *of_ginkgo, str(tests.program), "--", *of_tests]


def run_tests(lab: Run, planned: WorldPlan, words: Sequence[str], count: int) -> None:
    """Run the tests; print a line for each finished test, and write all output to e2e.log."""
    process = subprocess.Popen(
        operator.command(planned, list(words)), env=operator.environment(lab), cwd=RESULTS,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    try:
        print_progress(tee(process, RESULTS / "e2e.log"), count)
        process.wait()
    except BaseException:
        interrupt(process, RESULTS / "e2e.log")
        raise


def interrupt(process: subprocess.Popen[str], log: Path) -> None:
    """Interrupt the tests so that they clean up the cluster; kill them if that takes longer than ENDING_SECONDS."""
    process.send_signal(signal.SIGINT)
    try:
        rest, _ = process.communicate(timeout=ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        rest, _ = process.communicate()
    with log.open("a") as file:
        file.write(rest)


def tee(process: subprocess.Popen[str], log: Path) -> Iterator[str]:
    """The lines of its output as they come; each is also written to the log."""
    with log.open("w") as file:
        for line in process.stdout or ():
            file.write(line)
            yield line.rstrip("\n")


def print_progress(lines: Iterator[str], count: int) -> None:
    """Print a line for each finished test."""
    ended = (found for pair in pairwise(lines) if (found := results.parse_finished(*pair)))
    for number, result in enumerate(ended, 1):
        print(f"{number:3} of {count}  {result.outcome:8} {result.seconds:6.1f} s  {result.name}", flush=True)


def write_report(found: Sequence[Result], seconds: float, cluster: Cluster) -> int:
    """Write the list of tests, print the tests that did not pass; gives the exit code."""
    head = [
        f"Kubernetes {cluster.kubernetes_version}, {len(cluster.nodes)} nodes, pod network {cluster.pod_network}",
        results.summary(found, seconds),
    ]
    lines = results.listing(found)
    (RESULTS / "tests.txt").write_text("\n".join([*head, "", *lines, ""]))
    print("\n".join(["", *head, *results.listing([result for result in found if result.outcome != "passed"])]))
    print(f"The list of tests: {RESULTS / 'tests.txt'}")
    return int(any(result.is_failure for result in found))
