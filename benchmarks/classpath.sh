# Sourced by run and profile, with their arguments: builds what is missing or old, then sets java, java_options and classpath.
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
here="$home/benchmarks"
target="$here/target"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
javac="${JAVA_HOME:+$JAVA_HOME/bin/}javac"

newer_than() { # newer_than FILE PATH...: whether something in the paths is newer than the file, or there is no file
    [ ! -e "$1" ] || [ -n "$(find "${@:2}" -type f -newer "$1" -not -path '*/target/*' -print -quit)" ]
}

# Built before anything waits for it to start.
[[ " $* " == *" --tidemark "* ]] || "$home/bin/tidemark" --help >/dev/null

ours="$target/classpath"
if newer_than "$ours" "$home/pom.xml" "$here/pom.xml" "$here/src/main" "$home/client-sdk" "$home/protocol"; then
    echo "building the benchmarks" >&2
    "$home/mvnw" -q -B -f "$home/pom.xml" -pl benchmarks -am -DskipTests package \
        dependency:build-classpath -Dmdep.outputFile="$ours" -DincludeScope=runtime >&2
    touch "$ours" # The plugin leaves the file alone when its content would not change.
fi

kafka="$target/kafka"
mkdir -p "$kafka/classes"
if newer_than "$kafka/classpath" "$here/kafka/pom.xml"; then
    echo "fetching Apache Kafka" >&2
    "$home/mvnw" -q -B -f "$here/kafka/pom.xml" dependency:build-classpath -Dmdep.outputFile="$kafka/classpath" >&2
    touch "$kafka/classpath"
fi
if newer_than "$kafka/compiled" "$here/kafka/src" "$ours"; then
    "$javac" --release 17 -d "$kafka/classes" -cp "$target/classes:$(cat "$kafka/classpath")" "$here"/kafka/src/*.java
    touch "$kafka/compiled"
fi

commit="$(git -C "$home" rev-parse --short HEAD 2>/dev/null || echo "unknown version")"
git -C "$home" diff --quiet HEAD 2>/dev/null || commit="$commit, with changes"

histogram="$(tr ':' '\n' <"$ours" | grep HdrHistogram)"
java_options=(
    -Dtidemark.home="$home" -Dtidemark.commit="$commit"
    -Dkafka.classpath="$target/classes:$histogram:$kafka/classes:$(cat "$kafka/classpath")"
)
classpath="$target/classes:$(cat "$ours")"
