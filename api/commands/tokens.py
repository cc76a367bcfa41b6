"""`bihuan token`: access tokens of people."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.tokens import TokenInfo
from api.commands.opening import container
from api.commands.output import AsJson, answer, row, table
from engine.access import Grant
from engine.canonical import instant
from engine.errors import BihuanError

app = typer.Typer(no_args_is_help=True, help="Access tokens. The secret is shown once, when it is made.")


class UnknownPerson(BihuanError):
    """Raised when the organisation has no such person."""

    code, kind = "unknown_person", "missing"


class UnknownToken(BihuanError):
    """Raised when there is no such token, or it was revoked before."""

    code, kind = "unknown_token", "missing"


@app.command()
def create(
    person: Annotated[str, typer.Argument(help="The id of a person in the organisation.")],
    *,
    title: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int, typer.Option(min=1, max=3660, help="How long it is valid.")] = 365,
    role: Annotated[str, typer.Option(help="Only this role of the person.")] = "",
    region: Annotated[str, typer.Option(help="With --role: only in this region and under it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a token. It gives what the person's posts give, or less where it is narrowed."""
    if region and not role:
        raise typer.BadParameter("--region needs --role")
    with container() as made:
        known = made.directories.current().person(person)
        if known is None:
            raise UnknownPerson(f"没有这个人员：{person}", hint="人员编号见组织机构，例如 p-340102-liaison-1")
        narrowed = _narrowed(made, person, role, region)
        token, secret = made.tokens.create(person, title or known.title, made.now(), days, narrowed)
    answer(
        {"id": token, "person": person, "secret": secret},
        as_json,
        lambda console: console.print(f"token {token} for {known.title}\n{secret}\nIt is not shown again."),
    )


def _narrowed(made: Container, person: str, role: str, region: str) -> list[Grant]:
    if not role:
        return []
    if region:
        return [Grant(role, region=region)]
    today = made.calendars.current(made.settings.calendar).local_date(made.now())
    posts = [p for p in made.directories.current().posts_of(person, on=today) if p.role == role]
    if not posts:
        raise UnknownPerson(f"{person} 没有 {role} 这个角色", hint="--role 写此人担任的角色")
    return [Grant(post.role, post.region, post.unit, post.subject) for post in posts]


@app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List every token ever made, the newest first. Secrets are not kept, so none is shown."""
    with container() as made:
        now = made.now()
        tokens = [{**_token(token), "valid": _is_valid(token, now)} for token in made.tokens.list()]
    answer({"tokens": tokens}, as_json, lambda console: _show(console, tokens))


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="The id that `token list` shows.")], as_json: AsJson = False
) -> None:
    """Revoke a token. It stops working at once."""
    with container() as made:
        if not made.tokens.revoke(token, made.now()):
            raise UnknownToken(f"没有有效的令牌 {token}", hint="bihuan token list 列出全部令牌")
    answer(
        {"id": token, "revoked": True}, as_json, lambda console: console.print(f"token {token} is revoked")
    )


def _is_valid(token: TokenInfo, now: Any) -> bool:
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)


def _token(token: TokenInfo) -> dict[str, Any]:
    return {
        "id": token.id,
        "person": token.person,
        "title": token.title,
        "narrowed": [{"role": g.role, "region": g.region, "unit": g.unit} for g in token.narrowed],
        "created_at": instant(token.created_at),
        "expires_at": instant(token.expires_at) if token.expires_at else None,
        "revoked_at": instant(token.revoked_at) if token.revoked_at else None,
    }


def _show(console: Console, tokens: list[dict[str, Any]]) -> None:
    shown = table("id", "person", "title", "expires", "valid")
    for token in tokens:
        is_valid = "yes" if token["valid"] else "no"
        row(shown, token["id"], token["person"], token["title"], (token["expires_at"] or "")[:10], is_valid)
    console.print(shown)
