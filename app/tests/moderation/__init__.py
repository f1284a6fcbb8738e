"""Reports, decisions, suspensions, the log, and what people are told of them."""
