"""Benchmarks: certferry beside the NSS tools, in the same run, as ratios."""
