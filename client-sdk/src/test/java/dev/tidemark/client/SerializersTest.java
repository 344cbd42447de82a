package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.core.type.TypeReference;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SerializersTest {
    record Order(String id, int quantity) {}

    @Test
    void bytesStayAsTheyAre() {
        byte[] bytes = {0, -1};
        assertThat(Serializers.bytes().serialize("t", bytes)).isSameAs(bytes);
        assertThat(Deserializers.bytes().deserialize("t", new byte[] {9, 0, -1, 9}, 1, 2))
                .containsExactly(0, -1);
    }

    @Test
    void textIsUtf8() {
        byte[] bytes = Serializers.text().serialize("t", "ü🐘");
        assertThat(bytes).isEqualTo("ü🐘".getBytes(StandardCharsets.UTF_8));
        assertThat(Deserializers.text().deserialize("t", bytes)).isEqualTo("ü🐘");
        assertThat(Deserializers.text().deserialize("t", bytes, 2, 4)).isEqualTo("🐘");
    }

    @Test
    void jsonIsAnyType() {
        Order order = new Order("a", 3);
        byte[] bytes = Serializers.<Order>json().serialize("t", order);
        assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo("{\"id\":\"a\",\"quantity\":3}");
        assertThat(Deserializers.json(Order.class).deserialize("t", bytes)).isEqualTo(order);
        assertThat(Deserializers.json(new TypeReference<List<Integer>>() {})
                        .deserialize("t", "x[1,2]x".getBytes(StandardCharsets.UTF_8), 1, 5))
                .containsExactly(1, 2);
    }

    @Test
    void whatIsNotJsonIsSaidToBeSo() {
        byte[] bytes = "{".getBytes(StandardCharsets.UTF_8);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Deserializers.json(Order.class).deserialize("t", bytes))
                .withMessageStartingWith("not the JSON expected");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Serializers.json().serialize("t", new Object()))
                .withMessageStartingWith("not writable as JSON");
    }
}
