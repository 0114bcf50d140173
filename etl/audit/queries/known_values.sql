-- question: Which values of a filter do the images on record have?
-- parameters: name
-- order: value
{% if name == "component" %}
with contents as (
    select distinct c.components from {{ whole("current_images", "c") }}
)
select distinct {{ member(0) }} as value
from contents as k, {{ elements("k.components") }}
{% elif name == "dev_service" %}
with contents as (
    select dev_services from {{ whole("current_images", "c") }}
    union
    select dev_services from past_versions
)
select distinct {{ element() }} as value
from contents as k, {{ elements("k.dev_services") }}
{% else %}
select {{ name }} as value from {{ whole("current_images", "c") }}
union
select {{ name }} as value from past_versions
{% endif %}
order by 1
