"""The organisation of Anhui: divisions as data, and a plainly invented sample of units, people and posts."""

from adapters.organisation.divisions import Division, OldName, divisions, old_names
from adapters.organisation.sample import CLIENT, client_person, client_post, sample_directory

__all__ = [
    "CLIENT",
    "Division",
    "OldName",
    "client_person",
    "client_post",
    "divisions",
    "old_names",
    "sample_directory",
]
