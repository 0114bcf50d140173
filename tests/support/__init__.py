"""What several kinds of test share: databases, the network guard, fakes. No tests here."""
