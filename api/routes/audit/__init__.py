"""What an auditor and a witness ask over HTTP: one module for each kind of question."""
