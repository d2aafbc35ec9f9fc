"""Calibration: experiments of others, repeated here and compared with what they published.

An experiment is data: a scenario, what is varied in it, what is measured of each run, and within which
band of which published number the result must lie. `leadersim calibrate` runs them.
"""
