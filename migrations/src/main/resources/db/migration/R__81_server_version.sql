-- Remembers the newest server that brought this database up to date. Its version stands in here, so this runs with every version.
update ${internal}.cluster
set newest_server_version = '${server_version}'
where string_to_array(newest_server_version, '.')::int[] < string_to_array('${server_version}', '.')::int[];
