"""The first page, for whoever opens the address in a browser: where things are, and five commands to try."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_LINKS: Final = (
    ("/api/v1/openapi.json", "接口文档（OpenAPI）"),
    ("/readyz", "是否就绪，不就绪则说明原因"),
    ("/metrics", "运行指标"),
)
_CURLS: Final = (
    ("我是谁、有哪些角色", 'curl -H "Authorization: Bearer $TOKEN" {base}/api/v1/me'),
    ("有哪些流程", 'curl -H "Authorization: Bearer $TOKEN" {base}/api/v1/workflows'),
    ("待我办理的", 'curl -H "Authorization: Bearer $TOKEN" {base}/api/v1/inbox'),
    (
        "登记一件事项",
        'curl -X POST -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: 1" {base}/api/v1/cases'
        ' -d \'{{"workflow": "…", "region": "…", "subject": "…", "data": {{}}}}\'',
    ),
    (
        "办理一步",
        'curl -X POST -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: 2"'
        " {base}/api/v1/cases/<编号>/steps/<步骤> -d '{{\"data\": {{}}}}'",
    ),
)
_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<title>闭环 Bihuan</title>
<style>body {{ font-family: sans-serif; max-width: 48rem; margin: 2rem auto; line-height: 1.6 }}
pre {{ background: #f4f4f4; padding: .6rem; white-space: pre-wrap }}</style>
<h1>闭环 Bihuan</h1>
<p>每件事项都有人负责、有时限、有记录。</p>
<ul>{links}</ul>
<h2>五条命令</h2>
{curls}
<p>令牌由 <code>bihuan token create</code> 生成，放进环境变量 <code>TOKEN</code>。</p>
</html>
"""


@router.get("/", response_class=HTMLResponse)
async def index(request: Request) -> str:
    base = str(request.base_url).rstrip("/")
    links = "".join(f'<li><a href="{address}">{escape(title)}</a></li>' for address, title in _LINKS)
    curls = "".join(f"<p>{escape(title)}</p><pre>{escape(c.format(base=base))}</pre>" for title, c in _CURLS)
    return _PAGE.format(links=links, curls=curls)
