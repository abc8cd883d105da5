"""What API and pages share about HTTP: dependencies, permissions, problems, request security."""
