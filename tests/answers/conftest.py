from tests.answers.world import make

__all__ = ["make"]
