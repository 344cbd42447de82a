-- Runs with every version (${server_version}), for the views and functions that came with it.
select ${internal}.grant_roles();
