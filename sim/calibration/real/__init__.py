"""How long real systems take to replace a leader, compared with their models.

`failover.csv` was measured on one Linux host, a row for each trial; times are milliseconds from the fault.
"""
