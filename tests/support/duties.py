"""A programme of another field for tests: rounds through wards, requests with a time limit, and two lists of rooms.

Small stand-ins for what a real programme has: an obligation for every region of a level and one for every member of a list.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from engine.directory import Directory, Person, PersonId, Post, Region, RegionId, Unit, UnitId
from engine.document import read
from engine.loading import load
from engine.machine import Program
from engine.programme.model import Programme

ROUND = """\
language: 1
workflow: round
version: 1
effective: "2020-01-01"
title: 巡查（示例）
calendar: cn
roles:
  programme: {title: 系统（数据变化）, of: system}
  keeper: {title: 巡查员}
  chief: {title: 主任, accountable: true}
fields:
  kind: {title: 类别, type: choice, options: {ward: 分区巡查, room: 房间巡查, other: 其他}}
  period: {title: 时期, type: text}
  period_end: {title: 截止日期, type: date}
  year: {title: 年份, type: integer}
  wards: {title: 科室, type: units}
  planned_on: {title: 计划日期, type: date}
  contacts: {title: 近期次数, type: integer}
opening:
  by: [keeper]
  needs: [kind, period, period_end]
  may: [year, wards, planned_on]
start: planned
states:
  planned:
    title: 待巡查
    owner: keeper
    due: {until: period_end, at_most: 13 months}
    overdue: {title: 本期未巡查, to: missed, notify: [chief]}
    steps:
      finish: {title: 完成, by: [keeper], to: done}
      flag_crowded: {title: 过于频繁, by: [programme], needs: [contacts], stay: true}
  missed:
    title: 未完成
    owner: chief
    due: 12 months
    overdue: {stay: true, every: 1 month, notify: [chief]}
    steps:
      make_up: {title: 补巡查, by: [keeper, chief], to: missed_no_more}
  missed_no_more:
    title: 补巡查中
    owner: chief
    due: 10 working days
    overdue: {stay: true, every: 10 working days, notify: [chief]}
    steps:
      finish: {title: 完成, by: [keeper, chief], to: done}
  done: {title: 完成, final: true}
"""

REQUEST = """\
language: 1
workflow: request
version: 1
effective: "2020-01-01"
title: 报修（示例）
calendar: cn
roles:
  keeper: {title: 管理员}
  chief: {title: 主任, accountable: true}
fields:
  what: {title: 内容, type: text}
  solved: {title: 是否解决, type: choice, options: {solved: 已解决, unsolved: 未解决}}
  rating: {title: 评价, type: choice, options: {good: 满意, fair: 基本满意, bad: 不满意}}
clocks:
  answer:
    title: 答复时限
    due: 5 working days
    starts: [open, redo]
    stops: [answer]
    extension: {at_most: 1, by: 5 working days, asked_by: [keeper], approved_by: [chief]}
    overdue: {notify: [chief]}
opening: {by: [keeper], needs: [what]}
start: open
states:
  open:
    title: 办理中
    owner: keeper
    due: 20 working days
    overdue: {title: 超期, to: with_chief, notify: [chief]}
    steps:
      answer: {title: 答复, by: [keeper], to: answered}
      withdraw: {title: 撤回, by: [keeper], to: withdrawn}
  with_chief:
    title: 报主任
    owner: chief
    due: 5 working days
    overdue: {stay: true, every: 5 working days, notify: [chief]}
    steps:
      answer: {title: 答复, by: [chief], to: answered}
  answered:
    title: 已答复
    owner: keeper
    due: 10 working days
    overdue: {title: 视为满意, to: closed}
    steps:
      close: {title: 办结, by: [keeper], needs: [solved], may: [rating], to: closed}
      redo: {title: 重办, by: [keeper], at_most: 3, to: open}
  closed: {title: 办结, final: true}
  withdrawn: {title: 撤回, final: true}
"""

DUTIES = """\
language: 1
programme: duties
version: 1
effective: "2026-01-01"
title: 示例方案
subject: {title: 房间, id: [编号], name: [名称]}
facts:
  beds: {title: 床位, type: integer, yearly: true}
  kept: {title: 在用, type: boolean}
lists:
  rooms: {title: 重点房间, members: {check: kept}}
  broken: {title: 待修房间, members: {check: kept}, case: {workflow: request, with: {what: "'待修'"}}}
obligations:
  ward_round:
    title: 每月巡查各区
    every: month
    for: {depth: 1}
    workflow: round
    with: {kind: "'ward'", period: period, period_end: last, year: year, wards: units(head)}
    done: taken.finish > 0
    in_time: ever.make_up == 0
  room_round:
    title: 每季巡查重点房间
    every: quarter
    for: {list: rooms, enrolled: 30}
    workflow: round
    with: {kind: "'room'", period: period, period_end: last}
    done: taken.finish > 0
    in_time: ever.make_up == 0
  january_file:
    title: 一月材料
    every: year
    for: {depth: 0}
    workflow: round
    opens: 2 January
    due: 31 January
    with: {kind: "'other'", period: period, period_end: due}
    done: taken.finish > 0
    in_time: ever.make_up == 0
frequency:
  quiet:
    title: 无事不扰
    workflow: round
    day: planned_on
    most: 2
    within: 30 days
    planned: state == "planned"
    counts: taken.finish > 0
    step: flag_crowded
    number: contacts
indicators:
  in_time:
    title: 按时答复率
    kind: rate
    over: {cases: request, by: due answer, where: state != "withdrawn"}
    part: met.answer
    beside: [in_time_original]
  in_time_original:
    title: 按时答复率（原时限）
    kind: rate
    over: {cases: request, by: due answer, where: state != "withdrawn"}
    part: met_original.answer
  extended: {title: 延期率, kind: rate, over: {cases: request, by: due answer}, part: extended.answer > 0}
  satisfied:
    title: 满意率
    kind: rate
    over: {cases: request, by: opened, where: rating != ""}
    part: rating in ["good", "fair"]
    suppress_below: 5
  hours: {title: 平均办理时长, kind: mean, over: {cases: request, by: due answer}, value: hours.answer, beside: [hours_all]}
  hours_all: {title: 平均办理时长（含停走）, kind: mean, over: {cases: request, by: due answer}, value: elapsed.answer}
  monthly: {title: 月巡查率, kind: rate, over: {slots: ward_round}, part: colour == "green"}
  covered: {title: 覆盖率, kind: rate, over: {members: rooms, by: during}, having: {cases: round, by: step finish}}
  left: {title: 剩余, kind: ledger, over: {members: broken}, value: closing}
  cleared: {title: 销号率, kind: ledger, over: {members: broken}, value: clear_rate}
  rooms_in_use: {title: 在用房间数, kind: count, over: {subjects: true, where: kept}}
  doubled:
    title: 倍增
    kind: growth
    of: rooms_in_use
    base_year: 2021
    until_year: 2025
    factor: 2
    advisory: 20
  promised: {title: 一提升, kind: target, note: 方案未定义，没有默认值}
  score:
    title: 得分
    kind: score
    parts:
      - {indicator: in_time, weight: 60}
      - {indicator: monthly, weight: 40}
    bands: [{from: 90, title: 优秀}, {from: 80, title: 良好}, {from: 60, title: 合格}]
"""

SINCE = date(2020, 1, 1)
REGIONS = (("7", None), ("71", "7"), ("72", "7"), ("711", "71"), ("712", "71"), ("721", "72"))


@cache
def duties() -> Programme:
    return Programme.model_validate(read(DUTIES.encode(), name="duties.yaml").data)


@cache
def duty_programs() -> dict[str, Program]:
    loaded = [load(text.encode(), name="duty.yaml") for text in (ROUND, REQUEST)]
    return {source.definition.workflow: Program(source) for source in loaded}


@cache
def wards() -> Directory:
    """One root, two regions under it, three under those; in each a unit and people for every role."""
    roles = ("keeper", "chief", "head")
    return Directory(
        regions=tuple(Region(RegionId(r), f"示例区{r}", RegionId(p) if p else None) for r, p in REGIONS),
        units=tuple(Unit(UnitId(f"u-{r}"), f"示例单位{r}", RegionId(r)) for r, _ in REGIONS),
        people=tuple(
            Person(PersonId(f"p-{r}-{role}"), f"示例{role}", UnitId(f"u-{r}"))
            for r, _ in REGIONS
            for role in roles
        ),
        posts=tuple(
            Post(person=PersonId(f"p-{r}-{role}"), role=role, region=RegionId(r), since=SINCE)
            for r, _ in REGIONS
            for role in roles
        ),
    )
