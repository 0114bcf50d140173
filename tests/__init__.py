"""The tests, by kind: unit, property, integration, faults, e2e, docs. CONTRIBUTING.md tells which is which."""
