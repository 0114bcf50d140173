"""The only package that writes the record: locks, runs, baseline, change detection, the commit."""
