package dev.tidemark.client;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** The JSON codecs: one for the server's messages, one for users' keys and values. */
final class Json {
    private static final ObjectMapper MESSAGES = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            // A newer server may say more than this client knows.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
            .build();

    private static final ObjectMapper USERS =
            JsonMapper.builder().findAndAddModules().build();

    private Json() {}

    /** snake_case, absent for null; nulls inside maps are kept, they mean "unset". */
    static ObjectMapper forMessages() {
        return MESSAGES;
    }

    /** Jackson as it comes, with the modules on the class path. */
    static ObjectMapper forUsers() {
        return USERS;
    }
}
