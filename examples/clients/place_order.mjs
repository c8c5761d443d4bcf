// Places one order with Lifeboat so that it is there exactly once, whatever happens to the line in between.
//
//     node place_order.mjs URL KEY [TIMEOUT [DEADLINE [FIRST_WAIT]]] < order.json
//
// Prints {"outcome": "accepted", "order_number": …}, "refused" with the code, or "unknown" when the deadline has passed:
// then the order may be there; send it again later under the same client_order_id. Exit status 0, 1 and 3. Node 18, no packages.

import { readFileSync } from "node:fs";

const LONGEST_WAIT = 30;
const TRY_AGAIN = new Set([408, 409, 425, 429]); // and every 5xx; 409 is "the same request is still under way"

// Returns {status, headers, said}; status is null if nobody knows what became of the request.
async function call(method, url, key, timeout, body, orderId) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  if (orderId) headers["Idempotency-Key"] = orderId; // the same at every try: that is what makes a retry harmless
  try {
    const signal = AbortSignal.timeout(timeout * 1000);
    // A redirect would take the key wherever it points.
    const answer = await fetch(url, { method, headers, body, signal, redirect: "manual" });
    const text = await answer.text();
    let said = {};
    try {
      said = JSON.parse(text) ?? {};
    } catch {
      // no JSON: some proxy's page
    }
    return { status: answer.status, headers: answer.headers, said };
  } catch {
    return { status: null, headers: new Headers(), said: {} }; // refused, timed out, cut: unknown, never "not taken"
  }
}

// Returns the seconds that the server asks for: a number, or a date.
function retryAfter(headers) {
  const text = (headers.get("retry-after") ?? "").trim();
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, (at - Date.now()) / 1000);
}

// Returns the number of the order if the server has it; null if it has not, or cannot say.
async function isThere(url, key, timeout, orderId) {
  const asked = `${url}/v1/orders?client_order_id=${encodeURIComponent(orderId)}`;
  const { status, said } = await call("GET", asked, key, timeout);
  return (status === 200 && said.items?.[0]?.order_number) || null;
}

export async function place(url, key, order, timeout = 10, deadline = 120, firstWait = 0.5) {
  const orderId = order.client_order_id;
  const body = JSON.stringify(order); // once: every try sends the same bytes
  const ends = performance.now() + deadline * 1000;
  for (let tries = 0; ; tries++) {
    const { status, headers, said } = await call("POST", `${url}/v1/orders`, key, timeout, body, orderId);
    if ((status === 200 || status === 201) && said.order_number) {
      return { outcome: "accepted", order_number: said.order_number };
    }
    if (status !== null && status >= 300 && status < 500 && !TRY_AGAIN.has(status)) {
      // 422 too: fields are wrong, or (idempotency_conflict) the number is another order's: a person must look.
      return { outcome: "refused", status, code: said.code ?? "" };
    }
    if (status === null || status < 300) { // no answer, or half of one
      const number = await isThere(url, key, timeout, orderId);
      if (number) return { outcome: "accepted", order_number: number };
    }
    const jittered = Math.random() * Math.min(LONGEST_WAIT, firstWait * 2 ** tries);
    const wait = (retryAfter(headers) + jittered) * 1000; // never before Retry-After, and not all at once after it
    if (performance.now() + wait > ends) return { outcome: "unknown", client_order_id: orderId };
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(wait) + 1));
  }
}

const [url, key, ...numbers] = process.argv.slice(2);
if (url && key) {
  const order = JSON.parse(readFileSync(0, "utf8"));
  if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(String(order.client_order_id ?? ""))) {
    console.error("client_order_id is missing, or cannot be an Idempotency-Key: a retry would be a second order");
    process.exit(1);
  }
  const done = await place(url.replace(/\/+$/, ""), key, order, ...numbers.map(Number));
  console.log(JSON.stringify(done));
  process.exitCode = { accepted: 0, refused: 1 }[done.outcome] ?? 3;
}
