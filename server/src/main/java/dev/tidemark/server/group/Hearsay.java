package dev.tidemark.server.group;

/** Which members of groups this server has heard since its last beat, to go with the next one. For one thread. */
public final class Hearsay {
    private final LastHeard lastHeard;
    private LastHeard.News news;

    Hearsay(LastHeard lastHeard) {
        this.lastHeard = lastHeard;
        this.news = lastHeard.news();
    }

    /** Takes what there is to say now; {@link #memberNos} and {@link #msAgo} say it. */
    public void gather() {
        news = lastHeard.news();
    }

    public Integer[] memberNos() {
        return news.memberNos().clone();
    }

    /** How many milliseconds before the beat each of them was heard. */
    public Integer[] msAgo() {
        return news.msAgo().clone();
    }

    /** The beat is in the database. */
    public void told() {
        lastHeard.told(news);
    }
}
