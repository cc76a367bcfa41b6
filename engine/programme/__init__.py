"""The programme: lists, obligations, indicators and rules over subjects and cases, as data (`workflows/programme.yaml`)."""
