-- Which releases' support had ended on a day?
select component, release, ended_on
from release_ends
where ended_on < :today
order by ended_on, component, release
