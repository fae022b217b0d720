# The image of `./dev image`, for those whose tools expect a Dockerfile: the same files, owners and settings
# (tests/image holds them equal). `./dev image` needs no Docker, and its digest follows from the sources alone.
#
#   docker buildx build --build-arg REVISION="$(git rev-parse HEAD)" -t otlp-service .
#
# BASE_IMAGE may be pinned by digest, or be a mirror.
ARG BASE_IMAGE=debian:bookworm

FROM ${BASE_IMAGE} AS build
# The list of packages is in ./dev alone; this layer changes with it, not with the sources.
WORKDIR /src
COPY dev ./
RUN ./dev packages && rm -rf /var/lib/apt/lists/*
COPY . .
# Only the machine's own architecture: buildx runs this once a platform.
RUN apt-get update && ./dev image --out=/out && rm -rf /var/lib/apt/lists/*
RUN mkdir /rootfs && python3 image/rootfs.py --binary /out/otlp-service-*-linux-*64 \
      --ca-certificates /usr/share/ca-certificates/mozilla --sbom /out/*.sbom --to /rootfs

FROM scratch
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="otlp-service" \
      org.opencontainers.image.description="A lean, durable OTLP gateway" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/your-org/otlp-service" \
      org.opencontainers.image.documentation="https://github.com/your-org/otlp-service/blob/main/docs/image.md" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /rootfs/ /
ENV PATH=/usr/local/bin \
    CONFIG_PATH=/etc/otlp-service/otlp-service.yaml \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 4317/tcp 4318/tcp 8080/tcp 9090/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/otlp-service", "health"]
ENTRYPOINT ["/usr/local/bin/otlp-service"]
CMD ["run"]
