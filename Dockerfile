# The hub as an image: Node 24 on Debian, an ordinary user, no build tools, no embedded PostgreSQL (an image is for
# servers, which bring their own: set DATABASE_URL, and KAFKA_BROKERS for Kafka).

FROM node:24-bookworm-slim AS build
WORKDIR /hub
COPY package.json package-lock.json .npmrc ./
# Optional packages are the embedded PostgreSQL and a Node for machines with an older one. Tools of the web's build bring
# their native parts as optional packages as well, so they are installed here and left behind below.
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build:web

FROM node:24-bookworm-slim AS packages
WORKDIR /hub
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-bookworm-slim
# Within a container every interface is the container's own.
ENV NODE_ENV=production TRIBUTARY_SERVER__HOST=0.0.0.0
WORKDIR /hub
COPY --from=packages /hub/node_modules ./node_modules
COPY package.json ./
COPY config ./config
COPY migrations ./migrations
COPY src ./src
COPY docs ./docs
COPY --from=build /hub/web/dist ./web/dist
# What the hub keeps beside PostgreSQL: files and its master key. Mount a volume here.
RUN mkdir data && chown node:node data
VOLUME /hub/data
USER node
EXPOSE 8200
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8200/v1/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Not through npm: the process must get SIGTERM itself, to stop in its own order.
CMD ["node", "src/main.ts"]
