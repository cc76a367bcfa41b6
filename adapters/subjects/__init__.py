"""The subjects of cases: their codes, names, regions and figures, and how they are found."""
