"""What the machine or a file refuses, in words for whoever sits at it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.db.errors import StoreUnavailable
from engine.errors import BihuanError, Blocker
from engine.findings import Finding, Refused


class FileRefused(BihuanError):
    """Raised when a file or folder of this machine cannot be read or made."""

    code = "file_refused"


class DefinitionRefused(BihuanError):
    """Raised when a definition cannot even be loaded; the blockers are its findings."""

    code, kind = "definition_refused", "invalid"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            "流程或工作方案写得有误，未予接受", hint="按所列的行改正；bihuan check 文件 列出每一处"
        )
        self._findings = findings

    @property
    def blockers(self) -> Sequence[Blocker]:
        return [Blocker(f.code, _finding_words(f)) for f in self._findings]


def _finding_words(finding: Finding) -> str:
    hint = f"（{finding.hint}）" if finding.hint else ""
    return f"{finding.file}:{finding.line}: {finding.message}{hint}"


def for_operator(error: BihuanError | OSError | Refused) -> BihuanError:
    """What the machine or a file refuses, in words for whoever can change it; any other error as it is.

    Errors: `OSError` of no file.
    """
    if isinstance(error, Refused):
        return DefinitionRefused(error.findings)
    if isinstance(error, StoreUnavailable):
        return StoreUnavailable(
            f"the database cannot be used: {error.params.get('reason') or error.message}",
            hint="check that it runs and that you may write to it, or set BIHUAN_DATABASE_URL",
        )
    if isinstance(error, BihuanError):
        return error
    if error.filename is None:
        raise error
    is_missing = isinstance(error, FileNotFoundError)
    return FileRefused(
        f"{error.filename}: {error.strerror}",
        hint="check the name and that its folder exists"
        if is_missing
        else "check that you may read or write there",
    )
