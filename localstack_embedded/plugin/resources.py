"""How LocalStack's CloudFormation waits for a resource that takes a moment, as a function does.

LocalStack 4.9.2 looks a second time at once, and from then on every five seconds.
"""

from __future__ import annotations

from functools import partialmethod

_PAUSE = 0.1  # seconds from one look to the next


def look_often() -> None:
    """Change that for all types of resources."""
    from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

    waiting = partialmethod(ResourceProviderExecutor.deploy_loop, sleep_time=_PAUSE)
    ResourceProviderExecutor.deploy_loop = waiting
