"""What doctor looks at, one file a subject; findings.py has what a check is and finds."""
