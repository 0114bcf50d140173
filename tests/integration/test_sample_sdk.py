"""The official SDK, an independent client, lists the sample catalogue page by page."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import pytest

from etl.client.auth import Authenticator, Keys, signed
from etl.clock import utc_now
from etl.config import HttpSettings, SourceSettings, WalkSettings
from etl.extract.walk import Walk
from etl.model import Image, Listing, Tag
from etl.transform import normalise_all
from tests.support.fake_api import AccessKey, FakeApi, Quirks, generation, workspaces
from tests.support.wire import client_for

KEY = AccessKey("SAMPLEACCESSKEY", "sample-secret-key")
PROJECT = "0123456789abcdef0123456789abcdef"
PAGE_SIZE = 7


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The SDK's module; its import writes into the home folder, so it gets one of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        return importlib.import_module("huaweicloudsdkmodelarts.v1")


def client(sdk: Any, api: FakeApi, *, secret: str = KEY.secret, token: str = "") -> Any:
    auth = importlib.import_module("huaweicloudsdkcore.auth.credentials")
    credentials = auth.BasicCredentials(KEY.access, secret, PROJECT)
    if token:
        credentials = credentials.with_security_token(token)
    builder = sdk.ModelArtsClient.new_builder().with_credentials(credentials)
    return builder.with_endpoint(api.url).build()


def walk(sdk: Any, api: FakeApi, **query: Any) -> list[dict[str, Any]]:
    """Every image of one listing, page after page, as the SDK understands them."""
    images: list[dict[str, Any]] = []
    while True:
        request = sdk.ListImageRequest(limit=PAGE_SIZE, offset=len(images), **query)
        answer = client(sdk, api).list_image(request)
        assert (answer.current, answer.size) == (len(images) // PAGE_SIZE, PAGE_SIZE)
        images += [image.to_dict() for image in answer.data]
        if len(images) == answer.total:
            return images
        assert len(answer.data) == PAGE_SIZE


def as_known(image: dict[str, Any], fields: Any) -> dict[str, Any]:
    """An image as the SDK shows it: every field that it knows, None where there is nothing, and
    the default workspace as text.
    """
    return {
        **{name: image.get(name) for name in fields},
        "workspace_id": str(image["workspace_id"]),
    }


@pytest.mark.parametrize("number", [1, 4])
def test_the_sdk_lists_the_sample(sdk: Any, number: int) -> None:
    served = generation(number)
    found = []
    with FakeApi(served, workspaces=workspaces(), quirks=Quirks(access_key=KEY)) as api:
        for kind in ("BUILD_IN", "DEDICATED"):
            for workspace in workspaces():
                query = {"type": kind, "workspace_id": workspace["id"], "sort_key": "createTime"}
                found += walk(sdk, api, **query)
        assert {request.headers["host"] for request in api.requests} == {api.url[7:]}
    fields = sdk.ImageResponse.openapi_types
    by_id = {image["id"]: image for image in found}
    assert len(by_id) == len(found) == len(served)
    for image in served:
        assert by_id[image["id"]] == as_known(image, fields)


def as_image(shown: dict[str, Any]) -> dict[str, Any]:
    """What the SDK shows, by the documented rules for values: an oracle written apart from ours."""
    values = dict(shown)
    for ours, theirs in (
        ("image_id", "id"),
        ("created_at", "create_at"),
        ("updated_at", "update_at"),
    ):
        values[ours] = values.pop(theirs)
    values["name"] = values["name"].strip()
    values["arch"] = values["arch"].lower()
    values["dev_services"] = tuple(sorted(values["dev_services"]))
    values["resource_categories"] = tuple(sorted(values["resource_categories"]))
    values["tags"] = tuple(sorted(Tag(each["key"], each["value"]) for each in values["tags"]))
    return values


@pytest.mark.parametrize("workspace", [each["id"] for each in workspaces()])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_our_walk_agrees_with_the_sdk_on_every_field_that_it_knows(
    sdk: Any, number: int, workspace: str
) -> None:
    with FakeApi(generation(number), workspaces=workspaces(), quirks=Quirks(access_key=KEY)) as api:
        for type_ in ("BUILD_IN", "DEDICATED"):
            ours = our_walk(api, Listing(type_, workspace))
            theirs = walk(sdk, api, workspace_id=workspace, type=type_)
            expected = {each["id"]: as_image(each) for each in theirs}
            assert ours.keys() == expected.keys()
            for image_id, fields in expected.items():
                assert {name: getattr(ours[image_id], name) for name in fields} == fields


def our_walk(api: FakeApi, listing: Listing) -> dict[str, Image]:
    """One listing read by our own walk, signed, in small pages."""
    source = SourceSettings(
        name="s",
        endpoint=api.url,
        project_id=PROJECT,
        types=(listing.type,),
        workspaces=(listing.workspace_id,),
        http=HttpSettings(page_size=PAGE_SIZE),
    )
    auth = Authenticator(headers=partial(signed, keys=Keys(KEY.access, KEY.secret), at=utc_now()))
    client = client_for(api.url, auth=auth)
    walk = Walk(client, source, WalkSettings())
    records = [record for page in walk.pages() for record in page.records]
    assert walk.certificate == "exact"
    images, unreadable = normalise_all(records)
    assert not unreadable
    return {image.image_id: image for image in map(Image, *images.columns)}


def test_the_sdk_shows_an_image_with_a_temporary_key(sdk: Any) -> None:
    key = AccessKey(KEY.access, KEY.secret, "temporary")
    image = generation(1)[20]
    with FakeApi(generation(1), quirks=Quirks(access_key=key)) as api:
        request = sdk.ShowImageRequest(id=image["id"])
        shown = client(sdk, api, token="temporary").show_image(request)
    assert (shown.id, shown.name, shown.flavor_type) == (
        image["id"],
        image["name"],
        image.get("flavor_type"),
    )


def test_the_sdk_reads_the_errors(sdk: Any) -> None:
    errors = importlib.import_module("huaweicloudsdkcore.exceptions.exceptions")
    with FakeApi([], quirks=Quirks(access_key=KEY)) as api:
        with pytest.raises(errors.ClientRequestException) as refused:
            client(sdk, api).show_image(sdk.ShowImageRequest(id="none"))
        with pytest.raises(errors.ClientRequestException) as forged:
            client(sdk, api, secret="guess").list_image(sdk.ListImageRequest(name="a b/ü"))
        assert client(sdk, api).list_image(sdk.ListImageRequest(name="a b/ü~*")).data == []
    assert (refused.value.status_code, refused.value.error_code) == (400, "ModelArts.6404")
    assert refused.value.request_id == f"{1:032x}"
    assert (forged.value.status_code, forged.value.error_code) == (401, "APIGW.0301")


def test_the_sdk_lists_the_workspaces(sdk: Any) -> None:
    with FakeApi([], workspaces=workspaces(), quirks=Quirks(access_key=KEY)) as api:
        answer = client(sdk, api).list_workspace(sdk.ListWorkspaceRequest())
    assert [each.id for each in answer.workspaces] == [each["id"] for each in workspaces()]
    assert answer.total_count == len(workspaces())
