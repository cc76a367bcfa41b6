"""The first page, for whoever opens the address in a browser: where things are, and the walk of the README."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse

from api.deps import TheContainer
from api.walk import walk_of

router = APIRouter(include_in_schema=False)

_LINKS: Final = (
    ("/api/v1/openapi.json", "接口文档（OpenAPI）"),
    ("/readyz", "是否就绪，不就绪则说明原因"),
    ("/metrics", "运行指标"),
)
_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>闭环 Bihuan</title>
<style>
body {{ font: 1rem/1.6 sans-serif; max-width: 48rem; margin: 1rem auto; padding: 0 1rem }}
li {{ margin: .6rem 0 }}
pre {{ background: #f4f4f4; padding: .6rem; font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere }}
</style>
<h1>闭环 Bihuan</h1>
<p>每件事项都有人负责、有时限、有记录。</p>
<ul>{links}</ul>
<h2>五条命令，从登记到办结</h2>
<p>在运行 <code>make run</code> 的文件夹里另开一个终端，照抄即可。</p>
<pre>{walk}</pre>
<p>没有用示例数据启动时，令牌由 <code>bihuan token create 人员编号</code> 生成。</p>
</html>
"""


@router.get("/", response_class=HTMLResponse)
async def index(container: TheContainer) -> str:
    links = "".join(f'<li><a href="{address}">{escape(title)}</a></li>' for address, title in _LINKS)
    return _PAGE.format(links=links, walk=escape(walk_of(container.settings.database_url)))


@router.get("/api/v1")
async def description() -> RedirectResponse:
    """The root of the API leads to its description."""
    return RedirectResponse("/api/v1/openapi.json")
