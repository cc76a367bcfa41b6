"""Reports: values first, then workbooks and letters; every number equals the rows behind it.

`service.Reports` is what others call; `kinds.KINDS` says which reports there are.
"""
