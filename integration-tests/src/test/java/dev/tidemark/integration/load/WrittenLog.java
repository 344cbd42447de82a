package dev.tidemark.integration.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.RecordMetadata;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What numbered producers were told, held against what a reader found: nothing lost, nothing doubled, each producer's order kept. */
public final class WrittenLog {
    private WrittenLog() {}

    /**
     * @param acknowledged by value
     * @param partitions the values of each partition in the order of their offsets, from 0
     */
    public static void assertHoldsExactly(Map<String, RecordMetadata> acknowledged, List<List<String>> partitions) {
        Map<String, String> found = new HashMap<>();
        for (int partition = 0; partition < partitions.size(); partition++) {
            List<String> values = partitions.get(partition);
            for (int offset = 0; offset < values.size(); offset++) {
                String place = partition + "@" + offset;
                assertThat(found.put(values.get(offset), place))
                        .as("where %s at %s was before", values.get(offset), place)
                        .isNull();
            }
            assertEachProducersOrder(values);
        }
        Map<String, String> told = new LinkedHashMap<>();
        acknowledged.forEach((value, at) -> told.put(value, at.partition() + "@" + at.offset()));
        assertThat(found).as("where every value lies").isEqualTo(told);
    }

    private static void assertEachProducersOrder(List<String> values) {
        Map<String, List<Integer>> numbers = new HashMap<>();
        for (String value : values) {
            int colon = value.indexOf(':');
            numbers.computeIfAbsent(value.substring(0, colon), p -> new ArrayList<>())
                    .add(Integer.valueOf(value.substring(colon + 1)));
        }
        numbers.forEach((producer, ofIt) ->
                assertThat(ofIt).as("the numbers of producer %s", producer).isSorted());
    }
}
