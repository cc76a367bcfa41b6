"""What a stranger's tool makes of our files. Runs in an environment of its own with pm4py, and knows nothing of our code.

`python check.py FOLDER`: the folder holds `log.xes`, `log.json`, a net `<workflow>.pnml` for each workflow, and `expected.json`
with the numbers that our export gave. Prints a line for each claim; exit code 1 if one does not hold, 2 if it broke off.
"""

from __future__ import annotations

import json
import sys
import traceback
import warnings
from pathlib import Path

import pm4py
from pm4py.algo.conformance.alignments.petri_net import algorithm as alignments
from pm4py.objects.log.obj import EventLog, Trace

warnings.filterwarnings("ignore")
OUTSIDE = {"import", "jump", "move_version"}  # no net knows these moves
SKIP = ">>"
QUIET = {"show_progress_bar": False}
MOST_ALIGNED = 40  # variants of a workflow; an alignment takes a second for the largest net
failed = []


def claim(holds: bool, words: str) -> None:
    print(("HOLDS  " if holds else "FAILS  ") + words, flush=True)
    if not holds:
        failed.append(words)


def main(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    log = pm4py.read_xes(str(folder / "log.xes"), return_legacy_log_object=True)
    events = sum(len(trace) for trace in log)
    claim(
        (len(log), events) == (expected["cases"], expected["events"]),
        f"XES: pm4py reads {len(log)} traces and {events} events; {expected['cases']} and {expected['events']} were exported",
    )
    object_centric(folder, expected)
    for workflow in expected["workflows"]:
        conformance(workflow, folder / f"{workflow}.pnml", log)


def object_centric(folder: Path, expected: dict) -> None:
    written = json.loads((folder / "log.json").read_text())
    read = pm4py.read_ocel2_json(str(folder / "log.json"))
    relations = sum(len(event["relationships"]) for event in written["events"])
    claim(
        (len(read.events), len(read.objects)) == (expected["events"], len(written["objects"])),
        f"OCEL: pm4py reads {len(read.events)} events and {len(read.objects)} objects of {len(written['objects'])}",
    )
    claim(len(read.relations) == relations, f"OCEL: {len(read.relations)} relations of {relations}")
    cases = int((read.objects["ocel:type"] == "case").sum())
    claim(cases == expected["cases"], f"OCEL: {cases} objects are cases")


def conformance(workflow: str, file: Path, log: EventLog) -> None:
    """Ended cases that took the path of their definition, by their moves alone."""
    net, initial, final = pm4py.read_pnml(str(file))
    moves = EventLog([moved for trace in log if (moved := path_of(trace, workflow))])
    if not moves:
        print(f"       {workflow}: no ended case")
        return
    variants = list({tuple(names(trace)): trace for trace in moves}.values())[:MOST_ALIGNED]
    aligned = alignments.apply(EventLog(variants), net, initial, final, parameters=QUIET)
    whole = sum(one["fitness"] == 1.0 for one in aligned)
    claim(
        whole == len(variants),
        f"{workflow}: {len(moves)} ended cases, alignments have fitness 1.0 for {whole} of {len(variants)} variants",
    )
    skipped(workflow, variants, net, initial, final)


def path_of(trace: Trace, workflow: str) -> Trace | None:
    attributes = trace.attributes
    if attributes["def:workflow"] != workflow or not attributes.get("ev:ended"):
        return None
    moves = [event for event in trace if event["ev:moves"]]
    if any(event["concept:name"] in OUTSIDE for event in moves):
        return None
    return Trace(moves, attributes=attributes)


def names(trace: Trace) -> list[str]:
    return [event["concept:name"] for event in trace]


def skipped(workflow: str, variants: list[Trace], net, initial, final) -> None:
    """Take each event of the longest history out in turn: where that leaves no path, the alignment says what was skipped."""
    longest = max(variants, key=len)
    named, allowed, others = [], [], []
    for number, event in enumerate(longest):
        left = Trace([e for n, e in enumerate(longest) if n != number], attributes=longest.attributes)
        found = alignments.apply(left, net, initial, final, parameters=QUIET)
        missing = [model for here, model in found["alignment"] if here == SKIP and model is not None]
        name = event["concept:name"]
        if found["fitness"] == 1.0:
            allowed.append(name)
        else:
            (named if missing == [name] else others).append((name, missing))
    case = longest.attributes["concept:name"]
    claim(
        bool(named),
        f"{workflow}: of the {len(longest)} events of case {case}, taken out one by one, the alignment names "
        f"{len(named)} as skipped; {len(allowed)} leave a path that the net allows, {len(others)} are explained otherwise",
    )
    print(f"         named as skipped: {', '.join(name for name, _ in named)}")
    for name, missing in others[:2]:
        print(f"         without {name} it says that the model took {', '.join(missing) or 'nothing'}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Exception:
        traceback.print_exc()
        sys.exit(2)
    sys.exit(bool(failed))
