"""Personal data and keys as they rest: whoever copies the database, the spool or the log reads neither name nor phone."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.harness.away import Hold
from tests.harness.evidence import spooled
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.trial import Trial
from tests.harness.waiting import PATIENCE

PRIVATE = {
    "name": "欧阳千寻",
    "address": "翡翠湾路八百八十八弄",
    "phone": "13877665544",
    "buyer": "小舟从此逝",
    "note": "请放在门口的蓝色箱子里",
    "transaction": "4200998877665544332211",
}
FOR_PEOPLE = ("exports",)
"""Batch files are for the main system and hold what it needs; they are ours alone (0600)."""


def what_rests_on_disk(home: Path) -> Trial:
    """Take orders into the database and into the spool, make a batch; then read every byte there is."""
    trial = Trial("security", "raw bytes of database, log and spool")
    with boat(home, command="web", access_log="true", log_level="debug") as lifeboat:
        _order(trial, lifeboat, "STORED-1", 201)
        lifeboat.wait_drained()  # a busy machine may have had it spooled
        _order(trial, lifeboat, "STORED-1", 200)
        _order(trial, lifeboat, "STORED-2", 422, phone=f"{PRIVATE['phone']}9")
        lifeboat.wait_drained()
        with lifeboat.ops() as ops:
            batch = ops.post("/v1/batches").raise_for_status().json()["batch"]
            ops.get(f"/v1/batches/{batch}/file").raise_for_status()
        with Hold(lifeboat.database):
            _order(trial, lifeboat, "SPOOLED-1", 201)
            trial.demand(spooled(lifeboat.data_dir / "spool"), "the spool was not used")
            _search(trial, lifeboat)
    return trial


def _order(trial: Trial, lifeboat: Boat, key: str, expected: int, **fields: str) -> None:
    body = {
        "client_order_id": key,
        "phone": PRIVATE["phone"],
        "items": [{"sku": "A-1", "quantity": 1, "unit_price": "599.00"}],
        "recipient": {"name": PRIVATE["name"], "city": "杭州市", "address": PRIVATE["address"]},
        "payment": {"status": "paid", "transaction_id": PRIVATE["transaction"]},
        "buyer": PRIVATE["buyer"],
        "note": PRIVATE["note"],
        **fields,
    }
    headers = {"authorization": f"Bearer {lifeboat.storefront_key}"}
    answer = httpx.post(lifeboat.orders_url, json=body, headers=headers, timeout=PATIENCE, trust_env=False)
    trial.demand(answer.status_code == expected, f"{key} was answered {answer.status_code}")


def _search(trial: Trial, lifeboat: Boat) -> None:
    """Look for every private text, in every encoding it may have, in every file but those for people."""
    everything = {**PRIVATE, "storefront key": lifeboat.storefront_key.split("_", 2)[2]}
    needles = {name: _encoded(text) for name, text in everything.items()}
    for path in _files(lifeboat.home):
        kept_by_test = path.parent.name == "secrets" and path.name.endswith("_key")
        content = path.read_bytes()
        trial.trials += 1
        for name, forms in needles.items():
            found = any(form in content for form in forms)
            trial.demand(not found or kept_by_test, f"{path.name} holds the {name}")
    for path in [*lifeboat.exports.rglob("*.csv"), *(lifeboat.data_dir / "spool").glob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        ours = mode & 0o077 == 0 or stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
        trial.demand(ours, f"{path.name} may be read by others ({mode:o})")
        trial.demand(path.suffix != ".csv" or mode == 0o600, f"{path.name} has the mode {mode:o}")
    for folder in (lifeboat.data_dir / "spool", *lifeboat.exports.glob("*")):
        trial.demand(stat.S_IMODE(folder.stat().st_mode) == 0o700, f"others may look into {folder.name}")
    trial.demand(re.search(r"138\*{4}5544|order_refused", lifeboat.log()), "the log says nothing at all")


def _encoded(text: str) -> list[bytes]:
    escaped = text.encode("unicode_escape")
    return list(
        {text.encode(), text.encode("utf-16-le"), text.encode("gb18030"), escaped, text.encode().hex().encode()}
    )


def _files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and not set(FOR_PEOPLE) & set(path.relative_to(home).parts):
            yield path


def test_nothing_private_rests_readable_on_disk(tmp_path: Path):
    what_rests_on_disk(tmp_path).prove()
