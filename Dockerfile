# Two images from one file, by --target:
#
#   light       bridge, store, attribution worker, flower, commands; no torch
#   embedding   the embedding worker: light's packages, torch and the model
#
# Every version is the one in constraints.txt. Packages come before the project's own code, so that a change of code leaves them
# cached. Nothing here needs BuildKit. `light` stands before `embedding` because the classic builder makes every stage on its way.

# by digest where one is given: `make digests`
ARG PYTHON_IMAGE

# -- what to install, as lists that change only when they change: pyproject.toml holds much else
FROM ${PYTHON_IMAGE:-python:3.11-slim-bookworm} AS requirements
WORKDIR /lists
COPY pyproject.toml ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; extra = project['optional-dependencies']; \
light = [*project['dependencies'], *extra['postgresql'], *extra['flower']]; \
open('light.txt', 'w').write('\n'.join(light)); open('embedding.txt', 'w').write('\n'.join(extra['embedder']))"

# -- the project itself as one wheel
FROM ${PYTHON_IMAGE:-python:3.11-slim-bookworm} AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
COPY bridge bridge
COPY assessor assessor
COPY dashboard dashboard
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

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
    PIP_CONSTRAINT=/etc/groove/constraints.txt \
    HF_HUB_OFFLINE=1 \
    GROOVE_DATA_DIR=/var/lib/groove \
    GROOVE_LOG__FORMAT=json
COPY constraints.txt /etc/groove/

FROM base AS light
COPY --from=requirements /lists/light.txt /etc/groove/
RUN pip install --requirement /etc/groove/light.txt
WORKDIR /var/lib/groove
ENTRYPOINT ["groove"]
CMD ["--help"]
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-deps /tmp/wheels/*.whl
USER groove

# -- torch first, as it changes least: an index of CPU builds is preferred where one is named; PyPI's build is for CUDA and takes 6 GB
FROM base AS embedding
ARG TORCH_INDEX_URL=""
RUN pip install ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} "$(grep '^torch==' /etc/groove/constraints.txt)"
COPY --from=requirements /lists/light.txt /lists/embedding.txt /etc/groove/
RUN pip install --requirement /etc/groove/light.txt --requirement /etc/groove/embedding.txt
WORKDIR /var/lib/groove
ENTRYPOINT ["groove"]
CMD ["--help"]
COPY --from=wheel /wheels /tmp/wheels
RUN pip install --no-deps /tmp/wheels/*.whl
USER groove
