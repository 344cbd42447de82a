-- Makes the roles tidemark_reader (every topic and view) and tidemark_writer (the functions too) where the caller may, and gives them their grants; told
-- by notices what it could not do. Roles belong to the whole PostgreSQL instance: another database's Tidemark may have made them. One topic alone:
-- grant select on its relation, and usage on the schemas.
create or replace function ${internal}.grant_roles() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as
$$
declare
    v_role name;
begin
    foreach v_role in array array['tidemark_reader', 'tidemark_writer'] loop
        continue when to_regrole(v_role) is not null;
        begin
            execute format('create role %I nologin', v_role);
        exception
            when insufficient_privilege then
                raise notice 'role % was not made; as a role with CREATEROLE run: create role % nologin; then as %: select ${internal}.grant_roles()',
                    v_role, v_role, current_user;
            when duplicate_object or unique_violation then
                null; -- another database of this instance made it just now
        end;
    end loop;
    if to_regrole('tidemark_reader') is null or to_regrole('tidemark_writer') is null then
        null; -- told above
    elsif not pg_has_role('tidemark_writer', 'tidemark_reader', 'member') then
        begin
            grant tidemark_reader to tidemark_writer;
        exception
            when insufficient_privilege then
                raise notice 'tidemark_writer was not made a member of tidemark_reader; as the role that made them run: grant tidemark_reader to tidemark_writer';
            when unique_violation then
                null; -- another database of this instance did it just now
        end;
    end if;
    foreach v_role in array array['tidemark_reader', 'tidemark_writer'] loop
        continue when to_regrole(v_role) is null;
        execute format('grant usage on schema ${schema}, ${topic_schema} to %I', v_role);
        execute format('grant select on all tables in schema ${schema} to %I', v_role);
        execute format('grant select on all tables in schema ${topic_schema} to %I', v_role);
        execute format('grant execute on function ${schema}.verify(text) to %I', v_role);
    end loop;
    if to_regrole('tidemark_writer') is not null then
        grant execute on all functions in schema ${schema} to tidemark_writer;
    end if;
end
$$;
