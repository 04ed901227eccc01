"""Debian packages."""

from __future__ import annotations

from lab.mirror.deb import Deb


def test_a_control_file_says_what_apt_needs() -> None:
    deb = Deb("tool", "1.0-1.1", "arm64", "A tool", {}, relations={"Depends": "iptables"})
    assert deb.file_name == "tool_1.0-1.1_arm64.deb"
    lines = deb.control(7).splitlines()
    assert {
        "Package: tool",
        "Version: 1.0-1.1",
        "Architecture: arm64",
        "Installed-Size: 7",
        "Depends: iptables",
    } <= set(lines)
