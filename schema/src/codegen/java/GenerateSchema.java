import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.tidemark.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.jooq.codegen.GenerationTool;
import org.jooq.meta.jaxb.Configuration;
import org.jooq.meta.jaxb.Database;
import org.jooq.meta.jaxb.ForcedType;
import org.jooq.meta.jaxb.Generate;
import org.jooq.meta.jaxb.Generator;
import org.jooq.meta.jaxb.Jdbc;
import org.jooq.meta.jaxb.OnError;
import org.jooq.meta.jaxb.SchemaMappingType;
import org.jooq.meta.jaxb.Target;
import org.slf4j.LoggerFactory;

/**
 * Runs the migrations on a throwaway PostgreSQL and writes jOOQ's classes for what they made, so that a query that does not fit the migrations
 * does not compile. Does nothing when neither the migrations nor this generator changed since the last run.
 *
 * <p>Run from source by the build. Arguments: the folder to write to; this file.
 */
public final class GenerateSchema {
    private static final String SCHEMA = "tidemark";
    private static final String INTERNAL = "tidemark_internal";
    private static final String TOPIC_SCHEMA = "topic";
    private static final String MIGRATIONS = "db/migration";

    public static void main(String[] arguments) throws Exception {
        Path output = Path.of(arguments[0]);
        Path generator = Path.of(arguments[1]);
        Path digestFile = output.resolveSibling(output.getFileName() + ".digest");
        String digest = digest(generator);
        if (Files.exists(digestFile) && Files.readString(digestFile).equals(digest)) {
            return;
        }
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
        System.setProperty("org.jooq.no-logo", "true");
        System.setProperty("org.jooq.no-tips", "true");
        generateOnTemporaryDatabase(output);
        Files.writeString(digestFile, digest);
    }

    private static void generateOnTemporaryDatabase(Path output) throws Exception {
        Path scratch = Files.createTempDirectory("tidemark-schema");
        // As root, PostgreSQL runs as somebody else, who has to get there.
        Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString("rwx--x--x"));
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start(scratch, Duration.ofSeconds(10), () -> {})) {
            migrate(postgres.jdbcUrl());
            deleteRecursively(output);
            Files.createDirectories(output);
            GenerationTool.generate(configuration(postgres.jdbcUrl(), output));
        } finally {
            deleteRecursively(scratch);
        }
    }

    private static void migrate(String jdbcUrl) {
        Flyway.configure()
                .dataSource(jdbcUrl, null, null)
                .schemas(INTERNAL, SCHEMA, TOPIC_SCHEMA)
                .createSchemas(true)
                .locations("classpath:" + MIGRATIONS)
                .placeholders(Map.of(
                        "schema", SCHEMA,
                        "internal", INTERNAL,
                        "topic_schema", TOPIC_SCHEMA,
                        "server_version", "0.0.0"))
                .load()
                .migrate();
    }

    private static Configuration configuration(String jdbcUrl, Path output) {
        ForcedType instants = new ForcedType()
                .withName("INSTANT")
                .withIncludeTypes("(?i:timestamp\\ with\\ time\\ zone|timestamptz)");
        Database database = new Database()
                .withName("org.jooq.meta.postgres.PostgresDatabase")
                .withSchemata(
                        new SchemaMappingType().withInputSchema(INTERNAL),
                        new SchemaMappingType().withInputSchema(SCHEMA))
                .withIncludes(".*")
                // Staged records are handled by functions, in types of PostgreSQL's that Java has no name for.
                .withExcludes(
                        "flyway_schema_history|.*staged.*|produce|stage_record|restage_records|drop_old_positions|is_sequenced|record_headers|require_type|is_deeper")
                .withForcedTypes(instants);
        Generate generate = new Generate()
                .withGeneratedAnnotation(false)
                .withPojos(false)
                .withDaos(false)
                .withComments(false)
                .withJavaTimeTypes(true);
        return new Configuration()
                .withOnUnused(OnError.SILENT)
                .withJdbc(new Jdbc().withDriver("org.postgresql.Driver").withUrl(jdbcUrl))
                .withGenerator(new Generator()
                        .withDatabase(database)
                        .withGenerate(generate)
                        .withTarget(new Target()
                                .withPackageName("dev.tidemark.schema")
                                .withDirectory(output.toString())));
    }

    private static String digest(Path generator) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            String name = Path.of(entry).getFileName().toString();
            // The names of the libraries carry their versions; our own migrations are told by their content.
            if (name.endsWith(".jar") && !name.startsWith("tidemark-")) {
                digest.update(name.getBytes(UTF_8));
            }
        }
        digest.update(Files.readAllBytes(generator));
        URL migrations = GenerateSchema.class.getClassLoader().getResource(MIGRATIONS);
        if (migrations != null) {
            addMigrations(digest, migrations.toURI());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** They lie in a folder within one build, in a jar when the modules were packaged first. */
    private static void addMigrations(MessageDigest digest, URI migrations) throws IOException {
        if (!migrations.getScheme().equals("jar")) {
            addFiles(digest, Path.of(migrations));
            return;
        }
        try (FileSystem jar = FileSystems.newFileSystem(migrations, Map.of())) {
            addFiles(digest, jar.getPath("/" + MIGRATIONS));
        }
    }

    private static void addFiles(MessageDigest digest, Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                digest.update(folder.relativize(file).toString().getBytes(UTF_8));
                digest.update(Files.readAllBytes(file));
            }
        }
    }

    private static void deleteRecursively(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(folder)) {
            deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.deleteIfExists(file);
        }
    }
}
