-- tidemark_reader reads every topic and view; one topic alone: grant select on its relation, and usage on the schemas. Roles belong to the whole
-- PostgreSQL instance, so they are made only where the migrating role may; where it may not, the statements to run are told.
do
$$
begin
    if to_regrole('tidemark_reader') is null then
        begin
            create role tidemark_reader nologin;
        exception
            when insufficient_privilege then
                raise notice 'role tidemark_reader was not made; as a role with CREATEROLE run: create role tidemark_reader nologin; and migrate again';
            when duplicate_object or unique_violation then
                null; -- another database of this instance made it just now
        end;
    end if;
    if to_regrole('tidemark_reader') is not null then
        grant usage on schema ${schema}, ${topic_schema} to tidemark_reader;
        grant select on all tables in schema ${schema} to tidemark_reader;
        grant select on all tables in schema ${topic_schema} to tidemark_reader;
        grant execute on function ${schema}.verify(text) to tidemark_reader;
    end if;
end
$$;
