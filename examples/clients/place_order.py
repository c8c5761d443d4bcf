"""Places one order with Lifeboat so that it is there exactly once, whatever happens to the line in between.

    python3 place_order.py URL KEY [TIMEOUT [DEADLINE [FIRST_WAIT]]] < order.json

Prints {"outcome": "accepted", "order_number": …}, "refused" with the code, or "unknown" when the deadline has passed:
then the order may be there; send it again later under the same client_order_id. Exit status 0, 1 and 3.
Python 3.8, no packages.
"""

import http.client
import json
import random
import re
import sys
import time
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

LONGEST_WAIT = 30.0
TRY_AGAIN = {408, 409, 425, 429}  # and every 5xx; 409 is "the same request is still under way"


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None  # a redirect would take the key wherever it points


OPENER = build_opener(NoRedirects())


def call(method, url, key, timeout, body=None, order_id=None):
    """Return (status, headers, body); (None, {}, b"") if nobody knows what became of the request."""
    headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
    if order_id:
        headers["Idempotency-Key"] = order_id  # the same at every try: that is what makes a retry harmless
    try:
        with OPENER.open(Request(url, data=body, headers=headers, method=method), timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        try:
            return error.code, error.headers, error.read()
        except (OSError, http.client.HTTPException):
            return error.code, error.headers, b""
    except (OSError, http.client.HTTPException):  # refused, timed out, cut: unknown, never "not taken"
        return None, {}, b""


def said(body):
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def retry_after(headers):
    """Return the seconds that the server asks for: a number, or a date."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return 0.0


def is_there(url, key, timeout, order_id):
    """Return the number of the order if the server has it; None if it has not, or cannot say."""
    status, _, body = call("GET", url + "/v1/orders?client_order_id=" + quote(order_id, safe=""), key, timeout)
    items = said(body).get("items") if status == 200 else None
    return items[0]["order_number"] if items else None


def place(url, key, order, timeout=10.0, deadline=120.0, first_wait=0.5):
    order_id = order["client_order_id"]
    body = json.dumps(order, ensure_ascii=False).encode()  # once: every try sends the same bytes
    ends = time.monotonic() + deadline
    tries = 0
    while True:
        status, headers, answer = call("POST", url + "/v1/orders", key, timeout, body, order_id)
        if status in (200, 201) and "order_number" in said(answer):
            return {"outcome": "accepted", "order_number": said(answer)["order_number"]}
        if status is not None and 300 <= status < 500 and status not in TRY_AGAIN:
            # 422 too: fields are wrong, or (idempotency_conflict) the number is another order's: a person must look.
            return {"outcome": "refused", "status": status, "code": said(answer).get("code", "")}
        if status is None or status < 300:  # no answer, or half of one
            number = is_there(url, key, timeout, order_id)
            if number:
                return {"outcome": "accepted", "order_number": number}
        jittered = random.uniform(0, min(LONGEST_WAIT, first_wait * 2**tries))
        wait = retry_after(headers) + jittered  # never before Retry-After, and not all at once after it
        tries += 1
        if time.monotonic() + wait > ends:
            return {"outcome": "unknown", "client_order_id": order_id}
        time.sleep(wait)


def main():
    url, key, *numbers = sys.argv[1:]
    order = json.load(sys.stdin)
    if not re.fullmatch(r"[A-Za-z0-9_.:\-]{1,128}", str(order.get("client_order_id", ""))):
        sys.exit("client_order_id is missing, or cannot be an Idempotency-Key: a retry would be a second order")
    done = place(url.rstrip("/"), key, order, *map(float, numbers))
    print(json.dumps(done))
    sys.exit({"accepted": 0, "refused": 1}.get(done["outcome"], 3))


if __name__ == "__main__":
    main()
