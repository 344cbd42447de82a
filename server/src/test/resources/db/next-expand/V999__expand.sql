-- A made-up next version: adds to tables that servers of this version read and write.
alter table ${internal}.batch add column made_up text;
alter table ${internal}.topic add column made_up text not null default 'as before';
create table ${internal}.made_up (id int primary key);
