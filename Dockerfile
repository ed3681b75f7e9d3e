# syntax=docker/dockerfile:1
# One image for the API, the workers and the command line.
#   docker build -t automl .                                                      CPU
#   docker build -t automl:cuda --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu126 .
ARG PYTHON=3.11.13-slim-bookworm

FROM python:${PYTHON} AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/automl
ENV PATH=/opt/automl/bin:$PATH
WORKDIR /source
COPY constraints.txt ./
# torch changes least and weighs most: a layer of its own.
RUN pip install --constraint constraints.txt --index-url "$TORCH_INDEX" --extra-index-url https://pypi.org/simple torch
COPY pyproject.toml README.md LICENSE ./
COPY automl automl
COPY api api
COPY workers workers
RUN pip install --constraint constraints.txt .

FROM python:${PYTHON}
# LightGBM's OpenMP.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home automl \
    && install --directory --owner automl --group automl /data /keys
COPY --from=build /opt/automl /opt/automl
ENV PATH=/opt/automl/bin:$PATH PYTHONUNBUFFERED=1 AUTOML_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Of the API; what runs a worker from this image replaces it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["automl", "api", "--host", "0.0.0.0"]
