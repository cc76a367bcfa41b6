"""The programme at work: its published versions, its lists, slots, figures and targets, over the database."""
