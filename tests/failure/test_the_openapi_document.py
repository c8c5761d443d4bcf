"""P3, P12: whatever the OpenAPI document allows or forbids is sent to a real server, which answers as the document says."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.harness.away import NoPostgres, postgres
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE

SECRETS = {"secret_key": "s" * 40, "seal_key": "t" * 40}
PROBLEM = "application/problem+json"
EXPECTED = (200, 201, 401, 403, 404, 422)
"""What must be among the answers, or the requests were too poor to show anything."""

MOST_CHANCES = 10
SAID_IN_WORDS = {
    *("POST /v1/orders", "POST /v1/batches/{number}/import-results", "POST /v1/changes"),
    *("GET /v1/orders", "POST /v1/orders/{order_number}/payment"),
}
"""Whether a phone can be reached, a table be read, a moment be one, a cursor be ours, or a sum be the order's, no schema
says: what it allows may be refused."""

TOLD_LINE_BY_LINE = {"POST /v1/batches/{number}/import-results": "unmatched", "POST /v1/lifecycle-events": "rejected"}
"""A line that breaks the schema may be told in the report, so that the other lines of the upload count."""

CHECKED = [
    check for check in CHECKS.get_all() if check.__name__ != "ignored_auth"
]  # we send each kind of key ourselves
SETTINGS = settings(
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
)


@dataclass
class Port:
    """A running server, a key of each scope, and the names of things that exist there."""

    boat: Boat
    keys: dict[str, str]
    named: dict[str, str]
    answers: Counter[int] = field(default_factory=Counter)

    def headers(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[who]}"} if self.keys[who] else {}


def openapi(home: Path, *, examples: int = 2, chance: int = 1, on_postgres: bool = False) -> Trial:
    """Send ``examples`` requests of each kind to each operation, for each scope; the same ones for the same ``chance``."""
    engine = "PostgreSQL" if on_postgres else "SQLite"
    trial = Trial("P3 P12", f"our OpenAPI document against the server, {engine}")
    try:
        with _port(home, on_postgres=on_postgres) as port:
            schema = schemathesis.openapi.from_url(f"{port.boat.url}/openapi.json")
            schema.config.generation.update(with_security_parameters=False)
            for more in range(MOST_CHANCES):
                for operation in (one.ok() for one in schema.get_all_operations()):
                    _try(trial, port, operation, examples=examples, chance=chance + more)
                if not (missing := [status for status in EXPECTED if not port.answers[status]]):
                    break
            trial.demand(not missing, f"not one answer was {missing}")
            errors = port.boat.errors()
            trial.demand(not errors, f"the log has {len(errors)} errors, e.g. {errors[:1]}")
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    trial.trials = sum(port.answers.values())
    trial.notes.append(f"chance {chance}, answers {dict(sorted(port.answers.items()))}")
    return trial


@contextmanager
def _port(home: Path, *, on_postgres: bool) -> Iterator[Port]:
    """Run a server with one order in a batch, failed there and so open to a repair, and one that waits."""
    with ExitStack() as stack:
        chosen = {**SECRETS, "database_url": stack.enter_context(postgres()).sqlalchemy_url} if on_postgres else {}
        web = stack.enter_context(boat(home, command="web", **chosen))
        intake = web.cli_json("clients", "add", "openapi")["key"] if on_postgres else web.storefront_key
        number, _ = (_order(web, intake, key) for key in ("first", "second"))
        web.wait_drained()
        with web.ops() as ops:
            batch = ops.post("/v1/batches").raise_for_status().json()
            failed = {
                "results": [{"order_number": number, "result": "failed", "reason": "第 2 行 [商品编码]: 不能为空"}]
            }
            ops.post(f"/v1/batches/{batch['batch']}/import-results", json=failed).raise_for_status()
        ops_key = web.ops_headers["authorization"].removeprefix("Bearer ")
        told = web.cli_json("clients", "add", "erp", "--scope", "lifecycle")["key"]
        keys = {"ops": ops_key, "intake": intake, "lifecycle": told, "nobody": "", "stranger": "no-key-of-ours"}
        yield Port(web, keys, {"number": batch["batch"], "order_number": number, "incident": batch["incident"]})


def _order(web: Boat, key: str, order_id: str) -> str:
    body = {"client_order_id": order_id, "phone": "13800138000", "items": [{"sku": "A", "quantity": 1}]}
    answer = httpx.post(web.orders_url, json=body, headers={"authorization": f"Bearer {key}"}, trust_env=False)
    return str(answer.raise_for_status().json()["order_number"])


def _try(trial: Trial, port: Port, operation: Any, *, examples: int, chance: int) -> None:
    """Send each request of an operation as everybody, first as it was made up, then about what exists."""
    excluded = [positive_data_acceptance] if operation.label in SAID_IN_WORDS else []
    modes = [GenerationMode.POSITIVE]
    if any(list(place) for place in (operation.query, operation.headers, operation.body)):
        modes.append(GenerationMode.NEGATIVE)  # of a path alone every text is one
    for mode in modes:

        @seed(chance)
        @settings(SETTINGS, max_examples=examples)
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            for known in (False, True):
                if known and not _as_if_known(case, port.named, mode):
                    continue
                for who in port.keys:
                    answer = case.call(headers=port.headers(who), timeout=PATIENCE)
                    port.answers[answer.status_code] += 1
                    for sentence in _objections(case, answer, excluded, scope=who, port=port):
                        trial.demand(None, f"{operation.label} as {who}, {mode.value}, chance {chance}: {sentence}")

        send()


def _as_if_known(case: Any, named: dict[str, str], mode: GenerationMode) -> bool:
    """Let a request name what exists, and give an order a phone that can be reached; False if nothing was changed."""
    changed = False
    for place in (case.path_parameters, case.query):
        for name in set(place or ()) & set(named):
            place[name], changed = named[name], True
    if mode is GenerationMode.POSITIVE and case.operation.label == "POST /v1/orders":
        case.body["phone"], changed = "13800138000", True
    return changed


def _objections(case: Any, answer: Any, excluded: list[Any], *, scope: str, port: Port) -> Iterator[str]:
    status, kind = answer.status_code, str(answer.headers.get("content-type", [""])[0])
    told = TOLD_LINE_BY_LINE.get(case.operation.label)
    if told is not None and status == 200 and answer.json()[told]:
        excluded = [*excluded, negative_data_rejection]
    try:
        case.validate_response(answer, checks=CHECKED, excluded_checks=excluded, headers=port.headers(scope))
    except FailureGroup as group:
        yield from (f"{type(one).__name__}: {str(one)[:300]}" for one in group.exceptions)
    except Failure as failure:
        yield f"{type(failure).__name__}: {str(failure)[:300]}"
    if status >= 400 and kind != PROBLEM and b"Invalid HTTP request" not in answer.content:
        yield f"{status} is told as {kind!r}"
    if case.operation.path.startswith("/v1/") and scope in {"nobody", "stranger"} and status not in {400, 401, 404}:
        yield f"{scope} was answered {status}"
    if case.operation.path.startswith("/v1/batches") and scope == "intake" and status not in {400, 403, 404}:
        yield f"a storefront's key was answered {status}"


def test_the_server_answers_as_its_document_says(tmp_path: Path):
    openapi(tmp_path).prove()
