package dev.tidemark.protocol;

/** Content types of the HTTP bodies. */
public final class MediaTypes {
    public static final String JSON = "application/json";
    public static final String PROBLEM = "application/problem+json";

    /** Version 1 of the binary form: {@link ProduceFrame} in a produce request, {@link FetchFrame} in a fetch answer. */
    public static final String RECORDS_V1 = "application/vnd.tidemark.records.v1";

    /** Version 1 of the binary form of a request over several topics: {@link TransactionFrame}. */
    public static final String TRANSACTION_V1 = "application/vnd.tidemark.transaction.v1";

    private MediaTypes() {}
}
