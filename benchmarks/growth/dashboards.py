"""Open home pages of the console, each of which does what ``live.js`` does: hear what has changed, and fetch just that.

``python -m benchmarks.growth.dashboards PORT --name N --password P --count 20`` prints a line once all are open, and what they fetched at
the end; it ends when its standard input does.
"""

import argparse
import asyncio
import json
import re
import sys
from collections import Counter

import httpx

HOME = "/console/"
REGION = re.compile(r"<[^>]*data-region=\"([a-z]+)\"[^>]*>")
FROM = re.compile(r"data-from=\"([^\"]+)\"")


class Dashboard:
    """One browser with the home page open."""

    def __init__(self, http: httpx.AsyncClient, fetched: Counter[str]) -> None:
        self._http = http
        self._fetched = fetched
        self._regions: dict[str, str] = {}
        self._marks: dict[str, str] = {}

    async def watch(self, opened: asyncio.Semaphore) -> None:
        """Open the page, and keep it fresh until cancelled."""
        page = (await self._http.get(HOME)).raise_for_status().text
        for tag in REGION.finditer(page):
            source = FROM.search(tag[0])
            self._regions[tag[1]] = source[1] if source else HOME
        if not self._regions:
            raise SystemExit("the home page has no region")
        event = ""
        async with self._http.stream("GET", "/console/live", timeout=None) as stream:  # it never ends
            stream.raise_for_status()
            opened.release()
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "changed":
                    await self._refresh(json.loads(line.removeprefix("data: ")))

    async def _refresh(self, names: list[str]) -> None:
        for name in names:
            if name not in self._regions:
                continue
            headers = {"x-region": name}
            if name in self._marks:
                headers["if-none-match"] = self._marks[name]
            answer = await self._http.get(self._regions[name], headers=headers)
            self._fetched[str(answer.status_code)] += 1
            self._marks[name] = answer.headers.get("etag", "")


async def run(port: int, *, name: str, password: str, count: int) -> None:
    """Sign in, open ``count`` dashboards, and close them when standard input ends."""
    base = f"http://127.0.0.1:{port}"
    fetched: Counter[str] = Counter()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=2 * count)
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30.0, limits=limits) as http:
        form = {"username": name, "password": password}
        signed_in = await http.post("/console/login", data=form, headers={"origin": base})
        if "location" not in signed_in.headers:
            raise SystemExit(f"not signed in: {signed_in.status_code}")
        opened = asyncio.Semaphore(0)
        watching = [asyncio.create_task(Dashboard(http, fetched).watch(opened)) for _ in range(count)]
        for _ in range(count):
            await opened.acquire()
        print("open", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for one in watching:
            one.cancel()
        ends = await asyncio.gather(*watching, return_exceptions=True)
        broken = [repr(end) for end in ends if not isinstance(end, asyncio.CancelledError)]
        print(json.dumps({"fetched": dict(fetched), "broken": broken}))


def main() -> None:
    """Open dashboards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--name", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--count", type=int, default=20)
    a = parser.parse_args()
    asyncio.run(run(a.port, name=a.name, password=a.password, count=a.count))


if __name__ == "__main__":
    main()
