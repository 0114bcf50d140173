"""The tests, by kind: unit, property, integration, faults, e2e, docs. See CONTRIBUTING.md."""
