import pytest

from lessup.transforms import compiled


@pytest.mark.parametrize("compile_", [compiled.compiled, compiled.compiled_reassociating])
def test_kernels_compile_where_nothing_can_be_written(monkeypatch, compile_):
    caching = pytest.importorskip("numba.core.caching")
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compile_(lambda number: number + 1)(1) == 2
