"""The documentation site, which `make docs` builds from docs/, the commands, and the template."""
