"""`bihuan publish`: workflows and the programme over them, from files into force. Each answers with its certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.publishing import publish as publish_source
from api.commands.definitions import certified, load_file
from api.commands.opening import container
from api.commands.output import AsJson, answer
from api.commands.output import console as console_of
from api.commands.refusing import DefinitionRefused
from engine.certificate import Certificate, describe
from engine.definition import Definition
from engine.loading import Source
from engine.programme.certificate import ProgrammeCertificate, certify_programme, describe_programme
from engine.programme.loading import ProgrammeSource

__all__ = ["publish", "publish_all"]

Files = Annotated[list[Path], typer.Argument(help="Workflow and programme files.", show_default=False)]
_Source = Source | ProgrammeSource


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one file; `warnings` are for whoever publishes, in their words."""

    file: Path
    name: str
    certificate: Certificate | ProgrammeCertificate
    effective: str
    in_force: bool
    warnings: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        certificate = self.certificate
        return {
            "file": str(self.file),
            "published": certificate.ok,
            "effective": self.effective,
            "in_force": certificate.ok and self.in_force,
            "warnings": list(self.warnings),
            "certificate": certificate.as_data(),
        }


def publish(files: Files, as_json: AsJson = False) -> None:
    """Certify workflows and publish them, the programme last. A published version never changes. Exit code 1 if one has errors.

    No file is published while one of them cannot be read. Several are published one by one: those before a defect stay.
    """
    publish_all(files, as_json)


def publish_all(files: Sequence[Path], as_json: AsJson) -> None:
    sources = _programmes_last({file: _accepted(file) for file in files})
    done: list[Published] = []
    with container() as made:
        for published in _published(made, sources):
            done.append(published)
            _tell_progress(published, len(done), len(sources))
    is_ok = all(each.certificate.ok for each in done)
    data = {"published": is_ok, "files": [each.as_data() for each in done]}
    answer(data, as_json, lambda console: _show(console, done))
    if not is_ok:
        raise typer.Exit(1)


def _accepted(file: Path) -> _Source:
    source = load_file(file)
    if isinstance(source, tuple):
        raise DefinitionRefused(source)
    return source


def _programmes_last(sources: Mapping[Path, _Source]) -> dict[Path, _Source]:
    """A programme is certified over the workflows that are published."""
    return dict(sorted(sources.items(), key=lambda each: isinstance(each[1], ProgrammeSource)))


def _published(made: Container, sources: Mapping[Path, _Source]) -> Iterator[Published]:
    for file, source in sources.items():
        if isinstance(source, Source):
            yield _workflow(made, file, source)
        else:
            yield _programme(made, file, source)


def _workflow(made: Container, file: Path, source: Source) -> Published:
    definition = source.definition
    replaces = definition.replaces
    before = made.definitions.version(definition.workflow, replaces.version).definition if replaces else None
    certificate = certified(source, before)
    if certificate.ok:
        publish_source(source, made.definitions, made.calendars, made.now())
    others = {
        p.definition.version: p.definition.effective for p in made.definitions.versions(definition.workflow)
    }
    return _result(
        made,
        file,
        definition.workflow,
        certificate=certificate,
        effective=definition.effective,
        others=others,
    )


def _programme(made: Container, file: Path, source: ProgrammeSource) -> Published:
    certificate = certify_programme(source, _newest(made))
    if certificate.ok:
        made.programmes.publish(source, made.now())
    programme = source.programme
    others = {p.programme.version: p.programme.effective for p in made.programmes.versions()}
    return _result(
        made, file, programme.programme, certificate=certificate, effective=programme.effective, others=others
    )


def _result(
    made: Container,
    file: Path,
    name: str,
    *,
    certificate: Certificate | ProgrammeCertificate,
    effective: str,
    others: Mapping[int, str],
) -> Published:
    today = made.calendars.current(made.settings.calendar).local_date(made.now()).isoformat()
    warnings = tuple(_before_older(certificate.version, effective, others)) if certificate.ok else ()
    return Published(file, name, certificate, effective, effective <= today, warnings)


def _before_older(version: int, effective: str, others: Mapping[int, str]) -> Iterator[str]:
    for older, since in sorted(others.items()):
        if older < version and since > effective:
            yield f"第 {version} 版 {effective} 起施行，早于第 {older} 版（{since}）：第 {older} 版不会施行，请核对 effective"


def _newest(made: Container) -> dict[str, Definition]:
    """The newest published version of each workflow."""
    made.definitions.refresh()
    programs = sorted(made.definitions.all(), key=lambda program: program.definition.version)
    return {program.definition.workflow: program.definition for program in programs}


def _described(certificate: Certificate | ProgrammeCertificate) -> str:
    if isinstance(certificate, ProgrammeCertificate):
        return describe_programme(certificate)
    return describe(certificate)


def _tell_progress(published: Published, number: int, total: int) -> None:
    """On stderr, so that the answer stays one document."""
    if total > 1:
        words = "已发布" if published.certificate.ok else "未发布"
        console_of(stderr=True).print(f"{number}/{total} {published.file.name} {words}")


def _show(console: Console, done: Sequence[Published]) -> None:
    for each in done:
        certificate = each.certificate
        if len(done) == 1 or not certificate.ok:
            console.print(_described(certificate))
        if certificate.ok:
            since = "已施行" if each.in_force else "到那天才施行，此前仍按旧版"
            console.print(
                f"published: {each.name} version {certificate.version}（{each.effective} 起施行，{since}）",
                style="green",
            )
        else:
            console.print(f"not published: {each.file}: repair what is marked ✗ first", style="red")
        for warning in each.warnings:
            console.print(f"  ！{warning}", style="yellow")
