# syntax=docker/dockerfile:1
#
# Lifeboat's image: every process of it is `lifeboat <command>` as an unprivileged user, on a root file system that may
# be read-only. linux/amd64: for it alone pysqlite3 is published with a SQLite that has no WAL-reset bug inside.
#
#   docker build -t lifeboat .                                        # SMS as dry run
#   docker build -t lifeboat --build-arg LOCK=requirements-sms.lock . # with the SDKs of Aliyun and Tencent
#   docker run -p 8000:8000 -v lifeboat-data:/data -v lifeboat-exports:/exports --read-only --tmpfs /tmp lifeboat

FROM python:3.13-slim AS builder
ARG LOCK=requirements.lock
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH

# Packages change seldom and code often: in this order the layer of packages is built once.
COPY requirements.lock requirements-sms.lock ./
RUN pip install --no-deps --require-hashes -r "$LOCK"

# The tree stays as it is, since migrations/ is found beside app/.
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
RUN pip install --no-deps --no-build-isolation -e . \
    && python -m compileall -q app migrations \
    && python -c "from app.store.database.engine import require_safe_sqlite; require_safe_sqlite()"


FROM python:3.13-slim
RUN groupadd --gid 10001 lifeboat \
    && useradd --uid 10001 --gid lifeboat --no-create-home --home-dir /data --shell /usr/sbin/nologin lifeboat \
    && install --directory --owner=lifeboat --group=lifeboat --mode=0700 /data /exports
COPY --from=builder /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LIFEBOAT_HOST=0.0.0.0 \
    LIFEBOAT_DATA_DIR=/data \
    LIFEBOAT_EXPORT_DIR=/exports
USER 10001:10001
VOLUME ["/data", "/exports"]
EXPOSE 8000
STOPSIGNAL SIGTERM
# Alive means: the event loop turns. Whether the database is well is /readyz, and no reason to kill a process that spools.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('LIFEBOAT_PORT', '8000')}/livez\", timeout=2)"]
ENTRYPOINT ["lifeboat"]
CMD ["serve"]
