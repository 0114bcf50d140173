-- question: What is the latest checkpoint of the log?
-- parameters: none
-- order: none, it is at most one row
select size, root, created_at
from checkpoints
order by size desc
limit 1
