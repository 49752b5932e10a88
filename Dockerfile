# The tweetpipe command, for the services deploy, producer and dashboard of docker-compose.yml.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

RUN useradd --uid 10001 --create-home tweetpipe \
    && install --directory --owner=10001 /app/build /data

WORKDIR /app

# Ordered from what changes least to what changes most, so that after an edit of the function, the
# image builds in a second and without a network.
COPY requirements/app.in requirements/app.txt requirements/build.txt requirements/
RUN pip install --require-hashes -r requirements/app.txt -r requirements/build.txt

COPY --chown=10001 requirements/plot.in requirements/processor.txt requirements/
COPY --chown=10001 tweetpipe tweetpipe
# Install the function's dependencies; each deploy builds its package.
USER 10001
RUN python -c "from tweetpipe.deploying import package; package.prepare()"
USER 0

COPY --chown=10001 pyproject.toml setup.py README.md LICENSE ./
COPY --chown=10001 localstack_embedded localstack_embedded
COPY --chown=10001 fake_tweets fake_tweets
COPY --chown=10001 tweets tweets
COPY --chown=10001 producer producer
COPY --chown=10001 processor processor
COPY --chown=10001 infra infra
COPY --chown=10001 examples examples
RUN pip install --no-deps --no-build-isolation --editable ./localstack_embedded --editable .

USER 10001
WORKDIR /data
ENTRYPOINT ["tweetpipe"]
CMD ["--help"]
