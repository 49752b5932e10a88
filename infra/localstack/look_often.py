"""Has LocalStack's CloudFormation look ten times a second at what it makes.

LocalStack runs this itself when it starts, as docker-compose.yml mounts it among its init scripts.
Otherwise it looks a second time at once and from then on every five seconds, and a function is
ready in between: each deployment would take five seconds longer.
"""

from functools import partialmethod

from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

ResourceProviderExecutor.deploy_loop = partialmethod(
    ResourceProviderExecutor.deploy_loop, sleep_time=0.1
)
