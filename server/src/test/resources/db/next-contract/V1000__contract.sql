-- A made-up version after the next: takes away what older servers may need, and so keeps them out.
alter table ${internal}.batch drop column made_up;
update ${internal}.cluster set min_server_version = '${server_version}';
