package dev.tidemark.integration.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Dependencies point one way, between modules and between the server's packages. */
@AnalyzeClasses(
        packages = "dev.tidemark",
        importOptions = {ImportOption.DoNotIncludeTests.class, DependenciesTest.NoTestJars.class})
class DependenciesTest {
    /** The server's test support comes as a jar of its own when modules are packaged. */
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    private static final String SERVER = "dev.tidemark.server";

    @ArchTest
    static final ArchRule protocolNeedsOnlyTheJdk = noClasses()
            .that()
            .resideInAPackage("dev.tidemark.protocol..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages("dev.tidemark.protocol..", "java..", "org.jspecify..");

    @ArchTest
    static final ArchRule clientKnowsNoServer = noClasses()
            .that()
            .resideInAPackage("dev.tidemark.client..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SERVER + "..", "dev.tidemark.schema..", "dev.tidemark.cli..");

    @ArchTest
    static final ArchRule serverKnowsNoClient = noClasses()
            .that()
            .resideInAPackage(SERVER + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.tidemark.client..", "dev.tidemark.cli..");

    @ArchTest
    static final ArchRule onlyHttpKnowsJavalin = noClasses()
            .that()
            .resideOutsideOfPackage(SERVER + ".http..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.javalin..", "org.eclipse.jetty..", "jakarta.servlet..");

    @ArchTest
    static final ArchRule logKnowsNoHttp = noClasses()
            .that()
            .resideInAnyPackage(SERVER + ".log..", SERVER + ".topic..", SERVER + ".json..", SERVER + ".postgres..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SERVER, SERVER + ".http..", SERVER + ".cluster..");

    @ArchTest
    static final ArchRule clusterKnowsNeitherHttpNorTopics = noClasses()
            .that()
            .resideInAPackage(SERVER + ".cluster..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SERVER, SERVER + ".http..", SERVER + ".topic..");

    @ArchTest
    static final ArchRule topicsKnowNoLog = noClasses()
            .that()
            .resideInAnyPackage(SERVER + ".topic..", SERVER + ".json..", SERVER + ".postgres..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(SERVER + ".log..");

    @ArchTest
    static final ArchRule postgresKnowsNoTopics = noClasses()
            .that()
            .resideInAnyPackage(SERVER + ".postgres..", SERVER + ".json..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage(SERVER + ".topic..");

    @ArchTest
    static final ArchRule checksKnowNothingOfUsButTheirFacts = noClasses()
            .that()
            .resideInAPackage(SERVER + ".postgres.check..")
            .should()
            .dependOnClassesThat(
                    resideInAPackage("dev.tidemark..").and(not(resideInAPackage(SERVER + ".postgres.check.."))));

    @ArchTest
    static final ArchRule accessAndTlsKnowOnlyTheirFiles = noClasses()
            .that()
            .resideInAnyPackage(SERVER + ".access..", SERVER + ".tls..", SERVER + ".file..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    SERVER,
                    SERVER + ".http..",
                    SERVER + ".log..",
                    SERVER + ".topic..",
                    SERVER + ".json..",
                    SERVER + ".postgres..");

    @ArchTest
    static final ArchRule segmentsTailAndQuotasKnowNeitherAppendNorFetch = noClasses()
            .that()
            .resideInAnyPackage(SERVER + ".log.segment..", SERVER + ".log.tail..", SERVER + ".log.quota..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SERVER + ".log.append..", SERVER + ".log.fetch..");

    @ArchTest
    static final ArchRule packagesOfTheServerHaveNoCycles =
            slices().matching(SERVER + ".(**)").should().beFreeOfCycles();
}
