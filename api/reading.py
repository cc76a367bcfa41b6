"""Who looked at a case, in words: what the journal says of it, for the API and the command line alike."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from adapters.bootstrap import Container
from adapters.evidence.reads import Read
from api.audit_schemas import ReadList, ReadView
from api.presenting import Presenter
from engine.access import Reach
from engine.case import Case

__all__ = ["read_list"]

_WORDS: Final = {
    "personal": "看到个人信息",
    "report": "导出报表",
    "bundle": "导出证据包",
    "format": "导出过程数据",
    "sample": "抽样抽中",
    "erased": "清除个人信息",
}


def read_list(container: Container, names: Presenter, case: Case, reach: Reach | None = None) -> ReadList:
    """For a reader of `reach`; without one, of everything."""
    found = container.reads.of_case(case, reach)
    return ReadList(case=case.id, reads=[_view(names, each) for each in found])


def _view(names: Presenter, read: Read) -> ReadView:
    told = {name: value for name, value in asdict(read).items() if name not in ("by", "type")}
    return ReadView(**told, by=names.person(read.by), what_word=_WORDS.get(read.what, read.what))
