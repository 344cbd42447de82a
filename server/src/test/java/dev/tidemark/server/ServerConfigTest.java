package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.server.group.GroupLimits;
import dev.tidemark.server.group.offset.GroupOffsets;
import dev.tidemark.server.log.quota.Quotas;
import dev.tidemark.server.postgres.DatabaseConfig;
import dev.tidemark.server.postgres.SchemaNames;
import dev.tidemark.server.tls.TlsConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerConfigTest {
    /** A legal value of every setting that is none of its defaults. */
    private static final Map<Setting, String> OTHER = Map.ofEntries(
            Map.entry(Setting.JDBC_URL, "jdbc:postgresql://db.example.com:5433/app"),
            Map.entry(Setting.DB_USER, "me"),
            Map.entry(Setting.DB_PASSWORD, "secret"),
            Map.entry(Setting.DB_POOL_SIZE, "20"),
            Map.entry(Setting.DB_PREPARE_THRESHOLD, "0"),
            Map.entry(Setting.DB_START_TIMEOUT_MS, "1234"),
            Map.entry(Setting.DATA_DIR, "/data"),
            Map.entry(Setting.SCHEMA, "log"),
            Map.entry(Setting.TOPIC_SCHEMA, "events"),
            Map.entry(Setting.HTTP_HOST, "0.0.0.0"),
            Map.entry(Setting.HTTP_PORT, "0"),
            Map.entry(Setting.ADVERTISED_URL, "http://log-1.example.com:8080"),
            Map.entry(Setting.LISTEN_JDBC_URL, "jdbc:postgresql://direct.example.com/app"),
            Map.entry(Setting.ALLOW_ANONYMOUS, "true"),
            Map.entry(Setting.TOKENS_FILE, "/etc/tokens"),
            Map.entry(Setting.TLS_KEYSTORE_FILE, "/etc/server.p12"),
            Map.entry(Setting.TLS_KEYSTORE_PASSWORD, "sesame"),
            Map.entry(Setting.TLS_KEY_PASSWORD, "open"),
            Map.entry(Setting.MAX_REQUEST_BYTES, "4194304"),
            Map.entry(Setting.APPEND_LANES, "3"),
            Map.entry(Setting.APPEND_TIMEOUT_MS, "500"),
            Map.entry(Setting.MAX_QUEUED_BYTES, "2000000"),
            Map.entry(Setting.MAX_APPEND_BYTES_PER_SECOND, "1000000"),
            Map.entry(Setting.MAX_LOG_BYTES, "9000000000"),
            Map.entry(Setting.MAX_SEGMENTS, "77"),
            Map.entry(Setting.TAIL_CACHE_BYTES, "0"),
            Map.entry(Setting.READ_AHEAD_BYTES, "4000000"),
            Map.entry(Setting.OFFSETS_RETENTION_MS, "-1"),
            Map.entry(Setting.OFFSET_HISTORY_RETENTION_MS, "3600000"),
            Map.entry(Setting.GROUP_MAX_SIZE, "50"),
            Map.entry(Setting.MAX_GROUPS, "60"),
            Map.entry(Setting.STOP_TIMEOUT_MS, "7"));

    private static final List<Setting> PEM = List.of(Setting.TLS_CERTIFICATE_FILE, Setting.TLS_KEY_FILE);

    @TempDir
    Path folder;

    @Test
    void defaults() {
        ServerConfig config = ServerConfig.read(List.of(), Map.of());

        ServerConfig.Postgres postgres = config.postgres();
        assertThat(postgres.jdbcUrl()).isNull();
        assertThat(postgres.user()).isNull();
        assertThat(postgres.password()).isNull();
        assertThat(postgres.dataDir()).isEqualTo(Path.of("tidemark-data"));
        assertThat(postgres.poolSize()).isEqualTo(10);
        assertThat(postgres.prepareThreshold()).isEqualTo(DatabaseConfig.PREPARE_AS_FITS);
        assertThat(postgres.startTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(postgres.schemas()).isEqualTo(new SchemaNames("tidemark", "tidemark_internal", "topic"));
        assertThat(config.http().host()).isEqualTo("127.0.0.1");
        assertThat(config.http().port()).isEqualTo(8080);
        assertThat(config.security()).isEqualTo(new SecurityConfig(null, false, null));
        assertThat(config.http().maxRequestBytes()).isEqualTo(16 * 1024 * 1024);
        assertThat(config.http().stopTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.log().append().lanes()).isEqualTo(2);
        assertThat(config.log().append().timeoutMs()).isEqualTo(2_000);
        assertThat(config.log().append().maxQueuedBytes())
                .isEqualTo(Math.min(64L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 12));
        assertThat(config.log().tailCacheBytes())
                .isEqualTo(Math.min(128L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 8));
        assertThat(config.log().readAheadBytes())
                .isEqualTo(Math.min(32L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 32));
        assertThat(config.log().fetchThreads()).isEqualTo(5);
        assertThat(config.offsets()).isEqualTo(new GroupOffsets.Retention(Duration.ofDays(7), Duration.ofDays(7)));
        assertThat(config.groups()).isEqualTo(new GroupLimits(10_000, 10_000));
        assertThat(config.log().quotas()).isEqualTo(new Quotas.Limits(0, 0, 10_000));
        assertThat(config.neighbours()).isEqualTo(new ServerConfig.Neighbours(null, null));
        assertThat(config.stopTimeout()).isEqualTo(Duration.ofSeconds(10));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "offsets-retention-ms=0",
                "offsets-retention-ms=59999",
                "offset-history-retention-ms=3599999",
                "offsets-retention-ms=-2"
            })
    void offsetsAreKeptForAWhileAtTheLeast(String setting) {
        assertThatThrownBy(() -> ServerConfig.read(List.of("--" + setting), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--" + setting)
                .hasMessageContaining("-1");
    }

    @Test
    void environmentSetsEverything() {
        Map<String, String> environment = new java.util.HashMap<>();
        OTHER.forEach((setting, value) -> environment.put(setting.environmentVariable(), value));
        requireOther(ServerConfig.read(List.of(), environment));
    }

    @Test
    void flagsSetEverything() {
        List<String> flags = OTHER.entrySet().stream()
                .map(setting -> setting.getKey().flag() + "=" + setting.getValue())
                .toList();
        requireOther(ServerConfig.read(flags, Map.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"flag", "variable", "dots"})
    void fileSetsEverythingInAnySpelling(String spelling) throws IOException {
        List<String> lines = OTHER.entrySet().stream()
                .map(setting -> spelled(setting.getKey(), spelling) + "=" + setting.getValue())
                .toList();
        requireOther(ServerConfig.read(List.of("--config-file", write(lines).toString()), Map.of()));
    }

    private static String spelled(Setting setting, String spelling) {
        String flag = setting.flag().substring(2);
        return switch (spelling) {
            case "flag" -> flag;
            case "variable" -> setting.environmentVariable();
            default -> flag.replace('-', '.');
        };
    }

    private static void requireOther(ServerConfig config) {
        assertThat(config.offsets()).isEqualTo(new GroupOffsets.Retention(null, Duration.ofHours(1)));
        assertThat(config.groups()).isEqualTo(new GroupLimits(50, 60));
        ServerConfig.Postgres postgres = config.postgres();
        assertThat(postgres.jdbcUrl()).isEqualTo("jdbc:postgresql://db.example.com:5433/app");
        assertThat(postgres.user()).isEqualTo("me");
        assertThat(postgres.password()).isEqualTo("secret");
        assertThat(postgres.poolSize()).isEqualTo(20);
        assertThat(postgres.prepareThreshold()).isZero();
        assertThat(postgres.startTimeout()).isEqualTo(Duration.ofMillis(1234));
        assertThat(postgres.dataDir()).isEqualTo(Path.of("/data"));
        assertThat(postgres.schemas()).isEqualTo(new SchemaNames("log", "log_internal", "events"));
        assertThat(config.http().host()).isEqualTo("0.0.0.0");
        assertThat(config.http().port()).isZero();
        assertThat(config.security())
                .isEqualTo(new SecurityConfig(
                        Path.of("/etc/tokens"),
                        true,
                        new TlsConfig.Keystore(Path.of("/etc/server.p12"), "sesame", "open")));
        assertThat(config.http().maxRequestBytes()).isEqualTo(4_194_304);
        assertThat(config.log().append().lanes()).isEqualTo(3);
        assertThat(config.log().append().timeoutMs()).isEqualTo(500);
        assertThat(config.log().append().maxQueuedBytes()).isEqualTo(2_000_000);
        assertThat(config.log().quotas()).isEqualTo(new Quotas.Limits(1_000_000, 9_000_000_000L, 77));
        assertThat(config.log().tailCacheBytes()).isZero();
        assertThat(config.log().readAheadBytes()).isEqualTo(4_000_000);
        assertThat(config.log().fetchThreads()).isEqualTo(14);
        assertThat(config.neighbours())
                .isEqualTo(new ServerConfig.Neighbours(
                        "http://log-1.example.com:8080", "jdbc:postgresql://direct.example.com/app"));
        assertThat(config.stopTimeout()).isEqualTo(Duration.ofMillis(7));
    }

    @Test
    void everySettingIsTested() {
        assertThat(Arrays.stream(Setting.values())
                        .filter(setting -> setting != Setting.CONFIG_FILE && !PEM.contains(setting)))
                .containsExactlyInAnyOrderElementsOf(OTHER.keySet());
    }

    @Test
    void pemFilesStandInPlaceOfAKeystore() {
        List<String> flags = List.of("--tls-certificate-file=chain.pem", "--tls-key-file=key.pem");
        assertThat(ServerConfig.read(flags, Map.of()).security().tls())
                .isEqualTo(new TlsConfig.Pem(Path.of("chain.pem"), Path.of("key.pem"), null));
        assertThatThrownBy(() -> ServerConfig.read(flags, Map.of("TIDEMARK_TLS_KEYSTORE_FILE", "server.p12")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("name one of the two");
    }

    @Test
    void aTokensFileIsEnoughToListenElsewhere() {
        ServerConfig config = ServerConfig.read(List.of("--http-host=0.0.0.0", "--tokens-file=tokens"), Map.of());
        assertThat(config.security().tokensFile()).isEqualTo(Path.of("tokens"));
        assertThat(config.security().anonymous()).isFalse();
    }

    @Test
    void flagWinsOverVariableAndVariableOverFile() throws IOException {
        Map<String, String> environment = Map.of(
                "TIDEMARK_HTTP_PORT", "2",
                "TIDEMARK_APPEND_LANES", "2",
                "TIDEMARK_CONFIG_FILE",
                        write(List.of("http-port=3", "append-lanes=3", "db-pool-size=30"))
                                .toString());
        ServerConfig config = ServerConfig.read(List.of("--http-port", "1"), environment);
        assertThat(config.http().port()).isEqualTo(1);
        assertThat(config.log().append().lanes()).isEqualTo(2);
        assertThat(config.postgres().poolSize()).isEqualTo(30);
    }

    @Test
    void emptyVariableAndUnknownVariableCountAsNone() {
        Map<String, String> environment = Map.of("TIDEMARK_HTTP_PORT", "", "TIDEMARK_SERVICE_HOST", "10.0.0.1");
        assertThat(ServerConfig.read(List.of(), environment).http().port()).isEqualTo(8080);
    }

    @Test
    void switchNeedsNoValue() {
        ServerConfig config = ServerConfig.read(List.of("--allow-anonymous", "--http-host=0.0.0.0"), Map.of());
        assertThat(config.http().host()).isEqualTo("0.0.0.0");
    }

    @Test
    void poolGrowsWithTheLanes() {
        assertThat(ServerConfig.read(List.of("--append-lanes=20"), Map.of())
                        .postgres()
                        .poolSize())
                .isEqualTo(23);
        assertThat(ServerConfig.read(List.of("--append-lanes=20"), Map.of())
                        .log()
                        .fetchThreads())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --http-port=eighty               | --http-port=eighty: must be a whole number from 0 to 65535
            --http-port=65536                | --http-port=65536: must be a whole number from 0 to 65535
            --http-port=-1                   | --http-port=-1: must be a whole number from 0 to 65535
            --db-pool-size=4                 | --db-pool-size=4: must be a whole number from 5 to 1000
            --db-prepare-threshold=-1        | --db-prepare-threshold=-1: must be a whole number from 0
            --db-start-timeout-ms=1s         | --db-start-timeout-ms=1s: must be a whole number from 0
            --append-lanes=0                 | --append-lanes=0: must be a whole number from 1 to 64
            --append-timeout-ms=9            | --append-timeout-ms=9: must be a whole number from 10
            --max-request-bytes=1            | --max-request-bytes=1: must be a whole number from 2097152
            --max-queued-bytes=16MB          | --max-queued-bytes=16MB: must be a whole number from 1048576
            --tail-cache-bytes=-1            | --tail-cache-bytes=-1: must be a whole number from 0
            --stop-timeout-ms=-1             | --stop-timeout-ms=-1: must be a whole number from 0
            --allow-anonymous=yes            | --allow-anonymous=yes: must be true or false
            --http-host=0.0.0.0              | --http-host=0.0.0.0: would let everybody
            --http-host=db                   | TIDEMARK_ALLOW_ANONYMOUS=true
            --schema=Log                     | --schema=Log: must be up to 50 of a-z, 0-9 and _
            --schema=pg_log                  | --schema=pg_log: must be up to 50 of
            --topic-schema=a-b               | --topic-schema=a-b: must be up to 50 of
            --topic-schema=public            | --topic-schema=public: must be up to 50 of
            --topic-schema=tidemark          | --topic-schema=tidemark: must be another schema
            --topic-schema=tidemark_internal | --topic-schema=tidemark_internal: must be another schema
            --jdbc-url=postgres://x          | --jdbc-url: must be jdbc:postgresql://host:port/database
            --http-host=::                   | TIDEMARK_TOKENS_FILE
            --tls-certificate-file=a         | --tls-certificate-file=a: needs TIDEMARK_TLS_KEY_FILE
            --tls-key-file=a                 | --tls-key-file=a: needs TIDEMARK_TLS_CERTIFICATE_FILE
            --tls-keystore-password=secret   | --tls-keystore-password: needs TIDEMARK_TLS_KEYSTORE_FILE
            --tls-key-password=secret        | --tls-key-password: needs a private key
            --listen-jdbc-url=postgres://x   | --listen-jdbc-url: must be jdbc:postgresql://host:port/database
            --advertised-url=log-1:8080      | --advertised-url=log-1:8080: must be http://host:port
            --advertised-url=http://a?b      | --advertised-url=http://a?b: must be http://host:port
            --port=1                         | --port: no such setting; the flags are --config-file --jdbc-url
            --http.port=1                    | --http.port: no such setting
            --http-port                      | --http-port: needs a value, PORT
            --config-file=/no/such/file      | --config-file=/no/such/file: cannot be read
            """)
    void illegalFlagIsRefusedInOneLine(String flag, String message) {
        assertThatThrownBy(() -> ServerConfig.read(List.of(flag), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void flagGivenTwiceIsRefused() {
        assertThatThrownBy(() -> ServerConfig.read(List.of("--http-port=1", "--http-port=2"), Map.of()))
                .hasMessage("--http-port: given twice");
    }

    @Test
    void errorNamesTheSettingAsItWasGiven() throws IOException {
        assertThatThrownBy(() -> ServerConfig.read(List.of(), Map.of("TIDEMARK_HTTP_PORT", "x")))
                .hasMessageStartingWith("TIDEMARK_HTTP_PORT=x: must be");
        Path file = write(List.of("http.port=x"));
        assertThatThrownBy(() -> ServerConfig.read(List.of("--config-file=" + file), Map.of()))
                .hasMessageStartingWith("http.port in " + file + "=x: must be");
    }

    @Test
    void unknownKeyInTheFileIsRefused() throws IOException {
        Path file = write(List.of("htpp-port=1"));
        assertThatThrownBy(() -> ServerConfig.read(List.of("--config-file=" + file), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessage("htpp-port in " + file + ": no such setting");
    }

    @Test
    void passwordsAreNeverShown() {
        String url = "jdbc:postgresql://db/app?user=me&password=hidden";
        ServerConfig config =
                ServerConfig.read(List.of(), Map.of("TIDEMARK_JDBC_URL", url, "TIDEMARK_DB_PASSWORD", "secret"));
        assertThat(config.toString()).doesNotContain("hidden", "secret");
        assertThat(ServerConfig.read(List.of("--tls-keystore-file=k", "--tls-keystore-password=hidden"), Map.of())
                        .toString())
                .contains("Keystore[k]")
                .doesNotContain("hidden");
        assertThat(ServerConfig.read(List.of(), Map.of("TIDEMARK_LISTEN_JDBC_URL", url))
                        .toString())
                .doesNotContain("hidden");
        assertThat(DatabaseConfig.of(url).toString()).doesNotContain("hidden");
        assertThatThrownBy(() -> ServerConfig.read(List.of(), Map.of("TIDEMARK_JDBC_URL", "jdbc:pg:secret")))
                .hasMessageNotContaining("secret");
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void helpOfEverySettingIsOneShortSentence(Setting setting) {
        assertThat(setting.help())
                .isNotBlank()
                .doesNotEndWith(".")
                .doesNotContain("\n")
                .hasSizeLessThan(120);
        assertThat(setting.flag()).matches("--[a-z]+(-[a-z]+)*");
    }

    private Path write(List<String> lines) throws IOException {
        return Files.write(folder.resolve("tidemark.properties"), lines);
    }
}
