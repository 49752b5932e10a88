"""The documentation as a site: `make docs` builds it from docs/, the commands and the template."""
