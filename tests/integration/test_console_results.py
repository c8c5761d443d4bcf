"""The main system's word on a batch, uploaded at the console: shown first, applied once, repaired, settled."""

import re
from datetime import timedelta

from app.batch.made import Published
from app.web.console.kept_upload import KeptUploads
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import IT


def exported(at_noon: Deployment, count: int) -> tuple[str, list[str]]:
    """Make a batch of so many orders; return its name and their numbers in the file's order."""
    numbers = [at_noon.door.post(key=f"r-{n}", phone=f"1380000{n:04d}") for n in range(count)]
    (outcome,) = at_noon.maker.run(at_noon.clock.now(), by=IT)
    assert isinstance(outcome, Published)
    return outcome.name, numbers


def states(at_noon: Deployment, numbers: list[str]) -> list[str]:
    return at_noon.rows.states(numbers)


def hidden(page: str) -> dict[str, str]:
    """Return what the form of a preview carries."""
    form = page[page.index('id="preview"') :]
    return dict(re.findall(r'name="(kept|kind|rest|confirm)" value="([^"]*)"', form[: form.index("</form>")]))


async def test_an_upload_is_shown_before_anything_changes_and_then_applied(at_noon: Deployment, mei: Browser):
    name, numbers = exported(at_noon, 3)
    table = f"应急单号,结果,主系统单号,原因\n{numbers[0]},成功,SO-1,\n{numbers[1]},失败,,库存不足\nLB0,成功,SO-9,\n"
    page = await mei.upload(f"/batches/{name}/results", table.encode())
    assert page.status_code == 200
    assert 'data-applied="2"' in page.text
    assert "没有采用的行（1）" in page.text
    assert states(at_noon, numbers) == ["batched"] * 3
    done = await mei.post(f"/batches/{name}/results/apply", hidden(page.text))
    assert done.status_code == 303
    assert states(at_noon, numbers) == ["imported", "batched", "batched"]
    after = await mei.reads(f"/batches/{name}/results")
    assert "已应用 2 笔，1 行没有采用。" in after
    assert "库存不足" in after
    again = await mei.post(f"/batches/{name}/results/apply", hidden(page.text))
    assert again.status_code == 303
    assert "预览已过期，什么都没有改" in await mei.reads(f"/batches/{name}/results")


async def test_the_rest_is_counted_and_confirmed_by_its_number(at_noon: Deployment, mei: Browser):
    name, numbers = exported(at_noon, 4)
    page = await mei.upload(f"/batches/{name}/results", fields={"text": "第 3 行 地址有误", "rest": "imported"})
    assert "3 笔将视为已导入" in page.text
    form = hidden(page.text)
    assert form["confirm"] == "3"
    refused = await mei.post(f"/batches/{name}/results/apply", {**form, "confirm": "2"})
    assert refused.status_code == 303
    assert "没有应用" in await mei.reads(f"/batches/{name}/results")
    assert states(at_noon, numbers) == ["batched"] * 4
    await mei.post(f"/batches/{name}/results/apply", form)
    assert sorted(states(at_noon, numbers)) == ["batched", "imported", "imported", "imported"]


async def test_what_is_not_understood_changes_nothing_and_is_named(at_noon: Deployment, mei: Browser):
    name, numbers = exported(at_noon, 2)
    page = await mei.upload(f"/batches/{name}/results", fields={"text": "除第3行外均导入成功", "rest": "imported"})
    assert page.status_code == 422
    assert "除第3行外均导入成功" in page.text
    assert (await mei.upload(f"/batches/{name}/results")).status_code == 422
    for junk in (b"PK\x03\x04" + b"\0" * 200, b"\xff\xfe\x00", b"<html><table>", b"\xd0\xcf\x11\xe0" * 40):
        assert (await mei.upload(f"/batches/{name}/results", junk, name="x.xlsx")).status_code == 422
    assert states(at_noon, numbers) == ["batched"] * 2


async def test_refused_orders_are_repaired_by_one_button_and_the_batches_name_each_other(
    at_noon: Deployment, mei: Browser
):
    name, numbers = exported(at_noon, 3)
    page = await mei.upload(f"/batches/{name}/results", f"应急单号,结果,原因\n{numbers[2]},失败,手机号有误\n".encode())
    await mei.post(f"/batches/{name}/results/apply", hidden(page.text))
    assert "1 笔待补录" in await mei.reads("/batches?only=failed")
    made = await mei.post(f"/batches/{name}/repair")
    repair = made.headers["location"].rpartition("/")[2]
    assert repair.startswith("R")
    assert name in await mei.reads(f"/batches/{repair}")
    assert repair in await mei.reads(f"/batches/{name}")
    assert name not in await mei.reads("/batches?only=failed")
    await mei.post(f"/batches/{name}/repair")
    assert "没有需要补录的订单" in await mei.reads(f"/batches/{name}/results")


async def test_a_contradiction_waits_on_the_page_and_is_settled_with_a_reason(at_noon: Deployment, mei: Browser):
    name, numbers = exported(at_noon, 1)
    for line in ("成功,SO-1", "成功,SO-2"):
        page = await mei.upload(f"/batches/{name}/results", f"应急单号,结果,主系统单号\n{numbers[0]},{line}\n".encode())
        await mei.post(f"/batches/{name}/results/apply", hidden(page.text))
    page_text = await mei.reads(f"/batches/{name}/results")
    row = re.search(r'name="id" value="(\d+)"', page_text)
    assert row
    asked = {"id": row[1], "decision": "take", "reason": ""}
    await mei.post(f"/batches/{name}/results/settle", asked)
    assert at_noon.rows.order(numbers[0]).main_order_number == "SO-1"
    await mei.post(f"/batches/{name}/results/settle", {**asked, "reason": "电话核实"})
    assert at_noon.rows.order(numbers[0]).main_order_number == "SO-2"
    assert "等人裁定" not in await mei.reads(f"/batches/{name}/results")


async def test_a_preview_belongs_to_who_made_it_and_to_its_batch(at_noon: Deployment, mei: Browser):
    name, numbers = exported(at_noon, 1)
    page = await mei.upload(f"/batches/{name}/results", f"应急单号,结果\n{numbers[0]},成功\n".encode())
    zhang = await at_noon.console.signed_in("zhang")
    await zhang.post(f"/batches/{name}/results/apply", hidden(page.text))
    assert states(at_noon, numbers) == ["batched"]
    sealed = list((at_noon.boat.settings.data_dir / "uploads").glob("*.sealed"))
    assert len(sealed) == 1
    assert numbers[0].encode() not in sealed[0].read_bytes()


async def test_a_long_form_goes_to_no_page_that_takes_none(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1")
    page = await mei.upload(f"/orders/{number}/unmask", b"x" * 200_000)
    assert page.status_code == 413


async def test_a_batch_is_made_at_once_by_a_button(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="1")
    assert "（1 笔等待）" in await mei.reads("/batches")
    made = await mei.post("/batches/make")
    assert made.headers["location"].startswith("/console/batches/B")
    await mei.post("/batches/make")
    assert "没有等待出批的订单" in await mei.reads("/batches")


def test_what_is_kept_never_grows_and_is_found_by_its_owner_alone(at_noon: Deployment):
    kept = KeptUploads(at_noon.boat.settings.data_dir / "uploads", at_noon.boat.keyring.seal, at_noon.clock)
    names = [kept.keep(b"x", bound_to="a") for _ in range(60)]
    assert len(list(kept.folder.iterdir())) <= 40
    assert kept.find(names[-1], bound_to="a") == b"x"
    assert kept.find(names[-1], bound_to="b") is None
    at_noon.clock.at += timedelta(minutes=31)
    assert kept.find(names[-1], bound_to="a") is None
    assert kept.find("../" + names[-1][3:], bound_to="a") is None
