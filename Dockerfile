# syntax=docker/dockerfile:1

FROM eclipse-temurin:17-jdk AS build
# The build starts a PostgreSQL to generate code from the migrations, and PostgreSQL does not run as root.
RUN useradd --uid 10000 --create-home build
USER build
WORKDIR /home/build/tidemark
COPY --chown=build . .
RUN --mount=type=cache,target=/home/build/.m2,uid=10000,gid=10000 \
    ./mvnw -q -B -DskipTests -pl cli -am package

FROM eclipse-temurin:17-jre
RUN useradd --uid 10001 --create-home --home-dir /var/lib/tidemark tidemark
COPY --from=build /home/build/tidemark/cli/target/lib /opt/tidemark/lib
COPY --from=build /home/build/tidemark/bin/tidemark /opt/tidemark/bin/tidemark
ENV PATH=/opt/tidemark/bin:$PATH
# By number, so that Kubernetes can see that it is not root.
USER 10001
WORKDIR /var/lib/tidemark
# All that is ever written, besides /tmp: the embedded PostgreSQL, where TIDEMARK_JDBC_URL names no other.
VOLUME /var/lib/tidemark
# Listening on any address but the container's own needs TIDEMARK_TOKENS_FILE or TIDEMARK_ALLOW_ANONYMOUS=true: the server says so rather than the image.
ENV TIDEMARK_HTTP_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${TIDEMARK_HTTP_PORT:-8080} && printf 'GET /health/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tidemark"]
CMD ["server"]
