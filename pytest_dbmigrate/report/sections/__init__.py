"""One module per section of the report: evidence in, the section's plain view out, no markup."""
