"""What the stores say when a write loses or the database cannot answer; the drivers' own errors end in this package."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import BihuanError, CaseExists, StaleCase


class StoreUnavailable(BihuanError):
    """Raised when the database is away, full or busy too long. The last write may have been kept: ask again by its key."""

    code, kind = "store_unavailable", "busy"


def unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        "数据库暂时无法使用", hint="请用同一个请求编号稍后重试", reason=str(error).strip()
    )


def stale(cases: Sequence[str]) -> StaleCase:
    return StaleCase("事项已被他人推进", hint="请重新读取后再办", cases=list(cases))


def taken(cases: Sequence[str]) -> CaseExists:
    return CaseExists("事项编号已被使用", cases=list(cases))
