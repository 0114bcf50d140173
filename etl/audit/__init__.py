"""The only readers for people: queries, reports, the dashboard, export and verify."""
