"""Makes LocalStack run functions in the images that the engine has, without pulling newer ones.

docker-compose.yml mounts this as an init script, which LocalStack runs when it starts. By default,
after each start, it pulls the image of a function's runtime again, and fails to create the function
without a network. A missing image is still pulled.
"""

from localstack.services.lambda_.invocation import docker_runtime_executor as executor
from localstack.services.lambda_.runtimes import ALL_RUNTIMES
from localstack.utils.container_utils.container_client import ContainerException
from localstack.utils.docker_utils import DOCKER_CLIENT

for runtime in ALL_RUNTIMES:
    image = executor.resolver.get_image_for_runtime(runtime)
    try:
        DOCKER_CLIENT.inspect_image(image, pull=False)
    except ContainerException:
        continue
    # No platform, as LAMBDA_IGNORE_ARCHITECTURE requires.
    executor.PULLED_IMAGES.add((image, None))
