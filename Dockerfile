# Aurora's web process, bot and commands in one image: docker build -t aurora .
# The broker and the database are images of their own: compose.yaml.

FROM node:22-bookworm-slim AS browser-packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.12-slim-bookworm AS packages
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
# Wheels only: nothing is compiled, and nothing that is installed has run code by then.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes -r requirements/base.txt \
    && /venv/bin/pip uninstall --yes --disable-pip-version-check pip

FROM python:3.12-slim-bookworm AS static
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=browser-packages /app/node_modules node_modules
COPY . .
RUN READ_DOTENV=false DATA_DIR=/data /venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.12-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    READ_DOTENV=false \
    DATA_DIR=/data \
    STATIC_DIR=/app/collected
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin aurora \
    && install -d -o aurora -g aurora -m 700 /data
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py LICENSE ./
COPY botworker botworker
COPY dashboard dashboard
COPY dashboard_project dashboard_project
COPY economy economy
COPY static static
COPY templates templates
COPY --from=browser-packages /app/node_modules/uplot/dist node_modules/uplot/dist
COPY --from=static /data/static collected
# Nobody may write bytecode here later, and without it a process takes four times the CPU to start.
# The base image has none of the standard library; what cannot be compiled there is never imported.
RUN python -m compileall -q botworker dashboard dashboard_project economy \
    && { python -m compileall -q /usr/local/lib/python3.12 >/dev/null || true; }
USER aurora
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "manage.py"]
CMD ["runweb", "--bind", "0.0.0.0", "--port", "8000"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
