package dev.tidemark.server.group;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What happens to groups, one line an event. When a thousand groups start at once the log shows some of it, and says how much it leaves out. Thread-safe. */
final class GroupLog {
    private static final Logger LOG = LoggerFactory.getLogger(Groups.class);
    private static final int LINES_A_SECOND = 50;

    private final LongSupplier nanoTime;
    private long second;
    private int lines;
    private long leftOut;

    GroupLog(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.second = second();
    }

    private long second() {
        return TimeUnit.NANOSECONDS.toSeconds(nanoTime.getAsLong());
    }

    void changed(GroupState before, GroupState after, Decision decision) {
        for (GroupMember member : after.members()) {
            if (before.member(member.memberId()) == null) {
                line("member joined", after, member, "");
            }
        }
        for (Departure departure : decision.departed()) {
            String what = departure.reason() == Departure.Reason.LEFT ? "member left" : "member expelled";
            line(
                    what,
                    after,
                    departure.member(),
                    " reason=\"" + departure.reason().stored() + "\"");
        }
        if (after.generation() != before.generation()) {
            rebalanced(after);
        }
    }

    private void line(String what, GroupState group, GroupMember member, String more) {
        say(
                "{} group=\"{}\" member_id=\"{}\" principal={} generation_id={} members={}{}",
                what,
                GroupNames.shown(group.name()),
                GroupNames.shown(member.memberId()),
                member.principal(),
                group.generation(),
                group.members().size(),
                more);
    }

    private void rebalanced(GroupState group) {
        int partitions = group.members().stream()
                .mapToInt(member -> member.target().size())
                .sum();
        say(
                "group rebalances group=\"{}\" generation_id={} members={} partitions={}",
                GroupNames.shown(group.name()),
                group.generation(),
                group.members().size(),
                partitions);
    }

    private void say(String line, Object... values) {
        long before = admit();
        if (before < 0) {
            LOG.debug(line, values);
            return;
        }
        if (before > 0) {
            LOG.info("lines about groups were left out, as they came too fast left_out={}", before);
        }
        LOG.info(line, values);
    }

    /** @return how many lines were left out before this one; negative when it is to be left out itself */
    private synchronized long admit() {
        long now = second();
        if (now != second) {
            second = now;
            lines = 0;
        }
        if (lines >= LINES_A_SECOND) {
            leftOut++;
            return -1;
        }
        lines++;
        long before = leftOut;
        leftOut = 0;
        return before;
    }
}
