from tests.unit.engine.fact_cache.world import make

__all__ = ["make"]
