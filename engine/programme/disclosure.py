"""Which parts of a figure may not be shown beside its whole, for what is hidden could be computed from the rest. Pure.

Primary and complementary cell suppression by a threshold rule, as statistical offices do it: Hundepool et al., Statistical
Disclosure Control (Wiley 2012), chapter 4; https://research.cbs.nl/casc/handbook.htm.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["hidden_parts"]


def hidden_parts(sizes: Mapping[str, int], least: int) -> frozenset[str]:
    """Every part of fewer than `least` rows, and the smallest others, until the whole less the shown tells of no few.

    That leaves the hidden ones together: at least two, of at least `least` rows. A part without rows hides nothing. Where
    all rows together are fewer, the whole is hidden as well and all of its parts are.
    """
    hidden = [part for part, rows in sizes.items() if 0 < rows < least]
    others = sorted((rows, part) for part, rows in sizes.items() if rows >= least)
    for _, part in others if hidden else ():
        if len(hidden) > 1 and sum(sizes[each] for each in hidden) >= least:
            break
        hidden.append(part)
    return frozenset(hidden)
