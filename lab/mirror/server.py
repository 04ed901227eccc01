from pathlib import Path


def serve(tree: Path, netns: str | None, config: Path) -> None: ...
