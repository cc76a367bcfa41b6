"""`bihuan audit sample`: announce, draw and check a sample that neither auditor nor operator can steer."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from adapters.evidence.samples import Stratify
from api.audit_schemas import SampleView
from api.commands.audit.questions import Region, scope_asked
from api.commands.opening import container, operator
from api.commands.output import AsJson, answer
from api.sampling import RULE_WORDS, sample_scope, sample_view
from engine.audit.sampling import commitment_of
from engine.errors import BihuanError

COUNT_MAX = 10_000
_SECRET_BYTES = 16
_STRATA: dict[str, Stratify] = {"": "", "workflow": "workflow", "unit": "unit"}
Option = typer.Option


class BadSample(BihuanError):
    """Raised when what is asked of a sample does not fit together."""

    code, kind = "bad_sample", "invalid"


def sample(
    *,
    region: Region = "",
    since: Annotated[str, Option(help="Cases opened from this day, as 2026-01-01.")] = "",
    until: Annotated[str, Option(help="Up to this day; today.")] = "",
    count: Annotated[int, Option(help="How many to draw.", min=1, max=COUNT_MAX)] = 30,
    stratify: Annotated[str, Option(help="workflow or unit: each gets its part.")] = "",
    commitment: Annotated[str, Option(help="SHA-256 of your secret, made on a machine of your own.")] = "",
    secret: Annotated[str, Option(help="Your secret: with --draw and --seed, or to commit to it here.")] = "",
    draw: Annotated[
        int,
        Option(help="Draw the sample announced under this number; asks for the secret once it may be said."),
    ] = 0,
    seed: Annotated[str, Option(help="With --draw and --secret: the hash of the seed that you saw.")] = "",
    check: Annotated[
        int, Option(help="Do everything about this sample again. Exit code 1 if it differs.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Announce a sample (with --since), draw it once a later event has come (--draw), check one (--check)."""
    if check or draw:
        view = _checked(check) if check else _drawn(draw, seed, secret)
    elif not since:
        raise BadSample("请写明范围", hint="例如 --region 34 --since 2026-01-01 --count 30")
    else:
        view = _announced(
            region=region,
            since=since,
            until=until,
            count=count,
            stratify=stratify,
            commitment=commitment,
            secret=secret,
        )
    answer(view.model_dump(mode="json"), as_json, lambda console: _show(console, view))
    if view.is_sound is False:
        raise typer.Exit(1)


def _announced(
    *, region: str, since: str, until: str, count: int, stratify: str, commitment: str, secret: str
) -> SampleView:
    if stratify not in _STRATA:
        raise BadSample(f"不能按“{stratify}”分层", hint="写 workflow（流程）或 unit（单位）")
    with container() as made:
        kept = secret or ("" if commitment else made.engine.entropy(_SECRET_BYTES).hex())
        scope = sample_scope(scope_asked(made, region, since, until), _STRATA[stratify])
        found = made.samples.announce(
            scope, count, commitment or commitment_of(kept), actor=operator(), now=made.now()
        )
        return sample_view(made, found).model_copy(update={"secret": kept})


def _drawn(number: int, seen: str, secret: str) -> SampleView:
    """Without `secret` it is asked for, but not before the seed event stands."""
    if bool(seen) != bool(secret):
        raise BadSample("--seed 和 --secret 一起写", hint="都不写则先显示种子，再请您输入暗语")
    with container() as made:
        found = made.samples.one(number)
        seed = made.samples.require_seed(found, seen) if seen else made.samples.seed(found)
        if not secret:
            typer.echo(f"种子记录 {seed.hash}，在大小为 {seed.checkpoint} 的检查点里", err=True)
            secret = typer.prompt("暗语", hide_input=True, err=True)
        drawn = made.samples.draw(number, secret, seen=seed.hash, actor=operator(), now=made.now())
        return sample_view(made, drawn)


def _checked(number: int) -> SampleView:
    with container() as made:
        return sample_view(made, made.samples.one(number), check=True)


def _show(console: Console, view: SampleView) -> None:
    console.print(
        f"第 {view.number} 号抽样：{view.region}，{view.since} 至 {view.until}，总体 {view.population} 件，抽 {view.count} 件"
    )
    console.print(f"总体的根 {view.root}（日志前 {view.size} 片叶）")
    if view.earlier:
        console.print(f"与此重叠的范围此前宣布过 {view.earlier} 次，见日志簿", style="yellow")
    if view.drawn:
        console.print(f"种子记录 {view.seed_hash}（检查点 {view.checkpoint}），种子 {view.seed}")
        console.print("抽中：" + "、".join(view.drawn))
        console.print(RULE_WORDS)
    elif view.secret:
        console.print(
            f"暗语 {view.secret}：请自己保存，抽取前不要告诉任何人；最好在自己的机器上算好摘要，用 --commitment 交来"
        )
    for each in view.checks:
        console.print(f"{'✓' if each.is_same else '✗'} {each.title}", style="" if each.is_same else "red")
