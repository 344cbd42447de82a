package dev.tidemark.server.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Real certificates, for this machine's own address, made by the JDK's {@code keytool}. */
public final class TestCertificates {
    public static final String PASSWORD = "not so secret";

    private static final String ALIAS = "server";
    private static final String SAN = "san=dns:localhost,ip:127.0.0.1";

    private final Path folder;

    public TestCertificates(Path folder) {
        this.folder = folder;
    }

    /** A keystore with a key and a certificate that signs itself. @param options more of {@code keytool -genkeypair}'s, which win */
    public Path selfSigned(String name, String... options) {
        Path store = folder.resolve(name + ".p12");
        List<String> command = new ArrayList<>(List.of("-genkeypair", "-alias", ALIAS, "-dname", "CN=" + name));
        withNames(command, options);
        if (!command.contains("-keyalg")) {
            command.addAll(List.of("-keyalg", "EC"));
        }
        if (!command.contains("-storetype")) {
            command.addAll(List.of("-storetype", "PKCS12"));
        }
        keytool(store, command);
        return store;
    }

    private static List<String> withNames(List<String> command, String... options) {
        command.addAll(List.of(options));
        if (command.stream().noneMatch(option -> option.startsWith("san="))) {
            command.addAll(List.of("-ext", SAN));
        }
        return command;
    }

    /** A keystore with a key and a certificate that another one's key has signed. @param options more of {@code keytool -gencert}'s */
    public Path signedBy(Path ca, String name, String... options) {
        Path store = selfSigned(name);
        Path request = folder.resolve(name + ".csr");
        Path answer = folder.resolve(name + "-answer.pem");
        keytool(store, List.of("-certreq", "-alias", ALIAS, "-file", request.toString()));
        List<String> sign = new ArrayList<>(List.of("-gencert", "-alias", ALIAS, "-rfc"));
        sign.addAll(List.of("-infile", request.toString(), "-outfile", answer.toString()));
        keytool(ca, withNames(sign, options));
        keytool(
                store,
                List.of(
                        "-importcert",
                        "-noprompt",
                        "-alias",
                        "ca",
                        "-file",
                        certificates(ca, name + "-ca").toString()));
        keytool(store, List.of("-importcert", "-noprompt", "-alias", ALIAS, "-file", answer.toString()));
        return store;
    }

    private static void keytool(Path store, List<String> command) {
        List<String> all = new ArrayList<>();
        all.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        // Over before the better compiler would pay.
        all.add("-J-XX:TieredStopAtLevel=1");
        all.addAll(command);
        all.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD));
        try {
            Process keytool = new ProcessBuilder(all).redirectErrorStream(true).start();
            String said = new String(keytool.getInputStream().readAllBytes(), UTF_8);
            if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
                throw new AssertionError(all + ": " + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The store's certificate and those it leads to, as PEM. */
    public Path certificates(Path store, String name) {
        try {
            StringBuilder pem = new StringBuilder();
            for (Certificate certificate : open(store).getCertificateChain(ALIAS)) {
                pem.append(block("CERTIFICATE", certificate.getEncoded()));
            }
            return Files.writeString(folder.resolve(name + ".pem"), pem);
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** The store's private key, as PEM. */
    public Path key(Path store, String name) {
        try {
            return Files.writeString(folder.resolve(name + ".key"), block("PRIVATE KEY", encodedKey(store)));
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] encodedKey(Path store) throws IOException, GeneralSecurityException {
        return open(store).getKey(ALIAS, PASSWORD.toCharArray()).getEncoded();
    }

    private static KeyStore open(Path store) throws IOException, GeneralSecurityException {
        return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
    }

    /** As PEM has it. */
    public static String block(String label, byte[] content) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + label
                + "-----\n";
    }
}
