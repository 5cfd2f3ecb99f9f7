# moderator as an image: built with what it takes to build, run with what it takes to run. It works on a read-only root
# and needs one writable folder, /data (and /tmp, for a few files that nobody keeps).
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY requirements requirements
COPY deploy/install.sh deploy/install.sh
RUN deploy/install.sh packages /opt/moderator
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY moderator moderator
COPY model model
RUN deploy/install.sh program /opt/moderator

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /data moderator \
    && install --directory --owner=moderator --mode=0750 /data
COPY --from=build /opt/moderator /opt/moderator
ENV PATH=/opt/moderator/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    MODERATOR_DATA=/data \
    MODERATOR_HOST=0.0.0.0
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["moderator"]
CMD ["serve"]
