import java.io.DataInputStream;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes keystores with the JDK and Bouncy Castle. Each line of standard input is an order, its fields separated by tabs:
 * a type and a file begin a keystore; "key", "certificate" or "secret" with alias, password and files fill it; "store" with
 * a password writes it.
 */
public class Keystores {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider((Provider) Class.forName("org.bouncycastle.jce.provider.BouncyCastleProvider")
            .getConstructor().newInstance());
        CertificateFactory certificates = CertificateFactory.getInstance("X.509");
        KeyStore store = null;
        Path file = null;
        for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
            String[] order = line.split("\t", -1);
            switch (order[0]) {
                case "keystore":
                    store = KeyStore.getInstance(order[1]);
                    store.load(null, null);
                    file = Path.of(order[2]);
                    break;
                case "key":
                    List<Certificate> chain = new ArrayList<>();
                    for (int at = 4; at < order.length; at++) {
                        chain.add(read(certificates, order[at]));
                    }
                    PrivateKey key = KeyFactory.getInstance(chain.get(0).getPublicKey().getAlgorithm())
                        .generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(order[3]))));
                    store.setKeyEntry(name(order[1]), key, order[2].toCharArray(), chain.toArray(new Certificate[0]));
                    break;
                case "certificate":
                    store.setCertificateEntry(name(order[1]), read(certificates, order[2]));
                    break;
                case "secret":
                    store.setKeyEntry(name(order[1]), new SecretKeySpec(new byte[16], "AES"), order[2].toCharArray(), null);
                    break;
                case "store":
                    try (FileOutputStream out = new FileOutputStream(file.toFile())) {
                        store.store(out, order[1].toCharArray());
                    }
                    break;
                default:
                    throw new IllegalArgumentException(line);
            }
        }
    }

    private static String name(String text) {
        return text.replace("\\0", "\0");
    }

    private static Certificate read(CertificateFactory factory, String path) throws Exception {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(Path.of(path)))) {
            return factory.generateCertificate(in);
        }
    }
}
