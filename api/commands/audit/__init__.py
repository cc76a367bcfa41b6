"""`bihuan audit`: what an auditor asks, each question a command."""

from __future__ import annotations

from api.commands.lazy import LOOK, Lazy, group

app = group(
    "audit",
    [
        Lazy(
            "replay",
            "api.commands.audit.replaying:replay",
            "Verify chains and decide every event again, under the rules it was decided by. Exit code 1 if anything differs.",
        ),
        Lazy(
            "check",
            "api.commands.audit.replaying:check",
            "Check the whole database: every column against its bytes, every chain, every case against its last event.",
        ),
        Lazy(
            "export",
            "api.commands.audit.bundles:export",
            "Write an evidence bundle that anybody can verify with Python alone. The export itself is recorded in the journal.",
        ),
        Lazy(
            "verify",
            "api.commands.audit.verifying:verify",
            "Verify a bundle at all four levels. Exit 0: good; 1: tampering or breach; 2: cannot decide.",
        ),
        Lazy(
            "asof",
            "api.commands.audit.questions:asof",
            "The state as known at a moment; with --occurred also what was recorded only later, and the difference.",
        ),
        Lazy(
            "why",
            "api.commands.audit.questions:why",
            "Every deadline the case ever had, explained, and counted a second time. Exit code 1 if the counts differ.",
        ),
        Lazy(
            "late",
            "api.commands.audit.questions:late",
            "Why is it late: every moment charged to who held it, and to one of running, paused, unaccepted. Sums are exact.",
        ),
        Lazy(
            "conduct",
            "api.commands.audit.questions:conduct",
            "Hints where to look: returns, last-minute closings, the same words, night bursts, late pauses, pairs.",
        ),
        Lazy(
            "sample",
            "api.commands.audit.sampling:sample",
            "Announce a sample (with --since), draw it once a later event has come (--draw), check one (--check).",
        ),
        Lazy(
            "escalations",
            "api.commands.audit.escalating:escalations",
            "Each rung of each clock: planned, fired, late by, whom it told. "
            "Exit code 1 if one was missed, is due, or fired twice.",
        ),
        Lazy(
            "reads",
            "api.commands.audit.reads:reads",
            "Who was shown its personal values, exported it, drew it, or erased from it; and reports of its region.",
        ),
        Lazy(
            "proof",
            "api.commands.audit.log:proof",
            "Print the proof that an event is in the log (C2SP tlog-proof), or check one. Exit code 1 if it proves nothing.",
        ),
        Lazy(
            "whatif",
            "api.commands.audit.whatif:whatif",
            "Run history again under other limits: who would have been late, warned, told. Writes nothing.",
        ),
        Lazy(
            "formats",
            "api.commands.audit.formats:formats",
            "Write event logs and nets for process mining. No personal value is in them; each log taken is noted in the journal.",
        ),
        Lazy("key", "api.commands.audit.log:key_app", "The keys of the log and of its witnesses (公钥)."),
        Lazy(
            "checkpoint", "api.commands.audit.log:checkpoint_app", "Signed checkpoints of the log (检查点)."
        ),
        Lazy(
            "log",
            "api.commands.audit.log:log_app",
            "The log itself: how it stands, and that it was restored.",
        ),
        Lazy(
            "witness",
            "api.commands.audit.witness:app",
            "Watch over the log of another office: check that it only grew, and cosign (见证).",
        ),
    ],
    "Replay, prove and ask “what if”, without trusting this program.",
    panel=LOOK,
)
