# Nearfield as an image: no root, no build tools, and it can run with a read-only root.
# Any base with Python 3.11 or newer and venv will do: --build-arg BASE=registry.example/python:3.11
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
COPY constraints.txt ./
# The builder has a place of its own, so that the image gets what runs and nothing else.
RUN python3 -m venv /build/tools && /build/tools/bin/pip install -c constraints.txt hatchling
COPY pyproject.toml README.md LICENSE ./
COPY exporters exporters
COPY dashboards dashboards
RUN /build/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist .
# Bytecode that is checked by nothing but its being there is the same in every build.
RUN python3 -m venv /opt/nearfield \
    && /opt/nearfield/bin/pip install -c constraints.txt dist/*.whl \
    && { /opt/nearfield/bin/pip uninstall -y setuptools pip || /opt/nearfield/bin/pip uninstall -y pip; } \
    && /opt/nearfield/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/nearfield/lib

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Nearfield" \
      org.opencontainers.image.description="Observability and business metrics for people who publish audio on a platform of their own" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# A named volume takes owner and mode of the folder that it is mounted over.
RUN groupadd --gid 10001 nearfield \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/nearfield --shell /usr/sbin/nologin nearfield \
    && install -d -m 0750 -o 10001 -g 10001 /var/lib/nearfield \
    && install -d /etc/nearfield \
    && { python3 -m pip uninstall -y pip setuptools wheel >/dev/null 2>&1 || true; }
COPY --from=build /opt/nearfield /opt/nearfield
ENV PATH=/opt/nearfield/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NEARFIELD_DATA_DIR=/var/lib/nearfield \
    NEARFIELD_WEB__LISTEN=0.0.0.0:9580
USER 10001:10001
WORKDIR /etc/nearfield
VOLUME /var/lib/nearfield
EXPOSE 9580 9581 9582
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as ask; ask.urlopen('http://127.0.0.1:9580/readyz', timeout=8)"]
ENTRYPOINT ["nearfield"]
CMD ["run"]
