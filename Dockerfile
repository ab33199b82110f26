# Two images from one file, by --target:
#
#   light       bridge, store, attribution worker, flower, commands; no torch
#   embedding   the embedding worker: light's packages, torch and the model
#
# Every version is the one in requirements.lock, and every package is held against its hashes there; only a build of torch from an index of
# its own has none. Packages come before the project's own code, so that a change of code leaves them cached. Nothing here needs BuildKit.
# `light` stands before `embedding` because the classic builder makes every stage on its way.

# by digest where one is given: `make digests`
ARG PYTHON_IMAGE

# -- what to install, as lists that change only when they change: pyproject.toml holds much else
FROM ${PYTHON_IMAGE:-python:3.11-slim-bookworm} AS requirements
WORKDIR /lists
COPY pyproject.toml ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; extra = project['optional-dependencies']; \
light = [*project['dependencies'], *extra['postgresql'], *extra['flower']]; \
open('light.txt', 'w').write('\n'.join(light)); open('embedding.txt', 'w').write('\n'.join(extra['embedder']))"

# -- a user of its own; data lies in its home
FROM ${PYTHON_IMAGE:-python:3.11-slim-bookworm} AS base
ARG GROOVE_VERSION=local
LABEL org.opencontainers.image.title="groove attribution" \
      org.opencontainers.image.description="Which learnings of an AI coding assistant help, which do nothing, which hurt" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$GROOVE_VERSION"
RUN useradd --system --uid 10001 --home-dir /var/lib/groove --no-create-home --shell /usr/sbin/nologin groove \
 && install --directory --owner groove --group groove --mode 700 /var/lib/groove
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PIP_NO_CACHE_DIR=1 \
    PIP_CONSTRAINT=/etc/groove/requirements.lock \
    HF_HUB_OFFLINE=1 \
    GROOVE_DATA_DIR=/var/lib/groove \
    GROOVE_LOG__FORMAT=json
COPY requirements.lock /etc/groove/
# older ones know no hashes of constraints
RUN sed -n '/^pip==/,/[^\\]$/p' /etc/groove/requirements.lock > /etc/groove/pip.txt \
 && PIP_CONSTRAINT= pip install --require-hashes --requirement /etc/groove/pip.txt

# -- the project itself as one wheel
FROM base AS wheel
WORKDIR /source
RUN pip install setuptools
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
COPY bridge bridge
COPY assessor assessor
COPY dashboard dashboard
RUN PIP_CONSTRAINT= pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM base AS light
COPY --from=requirements /lists/light.txt /etc/groove/
RUN pip install --requirement /etc/groove/light.txt
WORKDIR /var/lib/groove
ENTRYPOINT ["groove"]
CMD ["--help"]
COPY --from=wheel /wheels /tmp/wheels
RUN PIP_CONSTRAINT= pip install --no-deps /tmp/wheels/*.whl
USER groove

# -- torch first, as it changes least: from an index of CPU builds where one is named; PyPI's build is for CUDA and takes 6 GB
FROM base AS embedding
ARG TORCH_INDEX_URL=""
RUN version=$(sed -n 's/^\(torch==[^ ;]*\).*/\1/p' /etc/groove/requirements.lock) \
 && if [ -n "$TORCH_INDEX_URL" ]; then PIP_CONSTRAINT= pip install --no-deps --index-url "$TORCH_INDEX_URL" "$version"; \
    else pip install --no-deps "$version"; fi
COPY --from=requirements /lists/light.txt /lists/embedding.txt /etc/groove/
RUN pip install --requirement /etc/groove/light.txt --requirement /etc/groove/embedding.txt
WORKDIR /var/lib/groove
ENTRYPOINT ["groove"]
CMD ["--help"]
COPY --from=wheel /wheels /tmp/wheels
RUN PIP_CONSTRAINT= pip install --no-deps /tmp/wheels/*.whl
USER groove
