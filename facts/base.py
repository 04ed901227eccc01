"""What all facts of this project share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from pyinfra.api.exceptions import FactProcessError

Parser = TypeVar("Parser", bound=Callable[..., Any])


def parse_errors_as_fact_errors(process: Parser) -> Parser:
    """Turn any error of a fact's `process` into pyinfra's FactProcessError: one odd host does not end the run of all."""

    @functools.wraps(process)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return process(*args, **kwargs)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise FactProcessError(f"unexpected answer: {error!r}") from error

    return wrapper  # type: ignore[return-value]
